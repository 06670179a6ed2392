import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../support/child-process.js';

interface Run {
  readonly sdk: string;
  readonly node: number;
}

interface Cell extends Run {
  readonly name: string;
  readonly status: 'right' | 'wrong' | 'skipped';
  /** Of a wrong cell. */
  readonly differences?: readonly string[];
  /** Of a skipped one. */
  readonly reason?: string;
}

interface RunOptions {
  readonly npmPackage: object;
  readonly say: (text: string) => void;
}

interface Matrix {
  readonly CORE_RUNS: readonly Run[];
  planCells(options: { core: true; sdks: string[] }): object[];
  packPackage(): Promise<object>;
  removePackage(npmPackage: object): void;
  runCells(cells: object[], options: RunOptions): Promise<Cell[]>;
}

const [plan, npm, run] = await Promise.all(
  ['plan', 'package', 'run-cells'].map((name) => import(`${ROOT}scripts/matrix/${name}.mjs`)),
);
const { CORE_RUNS, planCells, packPackage, removePackage, runCells }: Matrix = {
  ...plan,
  ...npm,
  ...run,
};

const COLD_MILLIS = 240_000; // what is not in the cache yet is installed
let npmPackage: object;
beforeAll(async () => {
  npmPackage = await packPackage();
});
afterAll(() => removePackage(npmPackage));

test.for(CORE_RUNS)(
  'every load order beside SDK $sdk on Node $node',
  {
    timeout: COLD_MILLIS,
  },
  async ({ sdk }, { skip }) => {
    const cells = planCells({ core: true, sdks: [sdk] });
    expect(cells.length).toBeGreaterThan(20);
    const results = await runCells(cells, { npmPackage, say: console.log });
    const wrong = results
      .filter(({ status }) => status === 'wrong')
      .map(({ name, differences }) => ({ name, differences }));
    expect(wrong).toEqual([]);

    const skipped = results.filter(({ status }) => status === 'skipped');
    const note = `${skipped.length} of ${results.length} load orders could not be tried: ${skipped[0]?.reason}`;
    skip(skipped.length === results.length, note);
    if (skipped.length > 0) console.log(note);
  },
);

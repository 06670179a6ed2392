import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../support/child-process.js';
import { skipTest } from '../../support/skips.js';

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
  planCells(options: { core: true }): Run[];
  packPackage(): Promise<object>;
  removePackage(npmPackage: object): void;
  runCells(cells: Run[], options: RunOptions): Promise<Cell[]>;
}

const [plan, npm, run] = await Promise.all(
  ['plan', 'package', 'run-cells'].map((name) => import(`${ROOT}tools/matrix/${name}.mjs`)),
);
const { planCells, packPackage, removePackage, runCells }: Matrix = {
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

const allCells = planCells({ core: true });
const titleOf = ({ sdk, node }: Run) => `SDK ${sdk} on Node ${node}`;

test.for([...new Set(allCells.map(titleOf))])(
  'every load order beside %s',
  { timeout: COLD_MILLIS },
  async (title) => {
    const cells = allCells.filter((cell) => titleOf(cell) === title);
    expect(cells.length).toBeGreaterThan(20);
    const results = await runCells(cells, { npmPackage, say: console.log });
    const wrong = results.filter(({ status }) => status === 'wrong');
    expect(wrong.map(({ name, differences }) => ({ name, differences }))).toEqual([]);

    const skipped = results.filter(({ status }) => status === 'skipped');
    if (skipped.length === 0) return;
    const note = `${skipped.length} of ${results.length} could not be tried: ${skipped[0]?.reason}`;
    console.log(note);
    skipTest(skipped.length === results.length ? note : undefined, 'packages');
  },
);

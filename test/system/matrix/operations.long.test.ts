import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../support/child-process.js';
import { skipTest } from '../../support/skips.js';

interface Cell {
  readonly name: string;
  readonly isNightly?: boolean;
  readonly status?: 'right' | 'wrong' | 'skipped';
  /** Of a wrong cell. */
  readonly differences?: readonly string[];
  /** Of a skipped one. */
  readonly reason?: string;
}

interface Matrix {
  planFileServers(nodes: readonly number[]): Cell[];
  planOperations(nodes: readonly number[]): Cell[];
  packPackage(): Promise<object>;
  removePackage(npmPackage: object): void;
  runCells(
    cells: Cell[],
    options: { npmPackage: object; say: (text: string) => void },
  ): Promise<Cell[]>;
}

const parts = ['operations', 'file-servers', 'package', 'run-cells'];
const modules = await Promise.all(parts.map((name) => import(`${ROOT}tools/matrix/${name}.mjs`)));
const { planFileServers, planOperations, packPackage, removePackage, runCells }: Matrix =
  Object.assign({}, ...modules);

const COLD_MILLIS = 300_000; // what is not in the cache yet is installed
let npmPackage: object;
beforeAll(async () => {
  npmPackage = await packPackage();
});
afterAll(() => removePackage(npmPackage));

const OWN_NODE = Number(process.versions.node.split('.')[0]);

/** The others run every night, in the whole matrix. */
const operations = planOperations([OWN_NODE]).filter(({ isNightly }) => !isNightly);

test.for([...operations, ...planFileServers([OWN_NODE])])(
  '$name: one hit per request, with its title',
  { timeout: COLD_MILLIS },
  async (cell) => {
    const [result] = await runCells([cell], { npmPackage, say: console.log });
    skipTest(result?.reason, 'packages');
    expect(result?.differences).toEqual([]);
  },
);

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
  planMcpServers(nodes: readonly number[]): Cell[];
  planOperations(nodes: readonly number[]): Cell[];
  packPackage(): Promise<object>;
  removePackage(npmPackage: object): void;
  runCells(
    cells: Cell[],
    options: { npmPackage: object; say: (text: string) => void },
  ): Promise<Cell[]>;
}

const parts = ['operations', 'mcp-servers', 'file-servers', 'package', 'run-cells'];
const modules = await Promise.all(parts.map((name) => import(`${ROOT}tools/matrix/${name}.mjs`)));
const matrix: Matrix = Object.assign({}, ...modules);
const { packPackage, removePackage, runCells } = matrix;

const COLD_MILLIS = 300_000; // what is not in the cache yet is installed
let npmPackage: object;
beforeAll(async () => {
  npmPackage = await packPackage();
});
afterAll(() => removePackage(npmPackage));

const OWN_NODE = Number(process.versions.node.split('.')[0]);

/** The others run every night, in the whole matrix. */
const cells = [matrix.planOperations, matrix.planMcpServers, matrix.planFileServers]
  .flatMap((plan) => plan([OWN_NODE]))
  .filter(({ isNightly }) => !isNightly);

test.for(cells)(
  '$name: one hit per request, with its title',
  { timeout: COLD_MILLIS },
  async (cell) => {
    const [result] = await runCells([cell], { npmPackage, say: console.log });
    skipTest(result?.reason, 'packages');
    expect(result?.differences).toEqual([]);
  },
);

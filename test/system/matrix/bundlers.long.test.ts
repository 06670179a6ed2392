import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../support/child-process.js';
import { skipTest } from '../../support/skips.js';

interface Row {
  readonly name: string;
  /** Runs in the whole matrix only. */
  readonly isNightly?: boolean;
}
interface Cell extends Row {
  readonly status: 'right' | 'wrong' | 'skipped';
  readonly differences?: readonly string[];
  readonly reason?: string;
}
interface Matrix {
  readonly BUNDLERS: readonly Row[];
  planBundlers(nodes: readonly number[]): Row[];
  packPackage(): Promise<object>;
  removePackage(npmPackage: object): void;
  runCells(cells: readonly Row[], options: object): Promise<Cell[]>;
}

const parts = ['bundlers', 'package', 'run-cells'];
const modules = await Promise.all(parts.map((name) => import(`${ROOT}tools/matrix/${name}.mjs`)));
const matrix: Matrix = Object.assign({}, ...modules);

const rows = matrix.BUNDLERS.filter(({ isNightly }) => !isNightly);
let npmPackage: object;
const cells = new Map<string, Cell>();
beforeAll(async () => {
  npmPackage = await matrix.packPackage();
  const names = rows.map(({ name }) => name);
  const planned = matrix.planBundlers([20]).filter(({ name }) => names.includes(name));
  const results = await matrix.runCells(planned, {
    npmPackage,
    say: console.log,
    onCell: () => undefined,
  });
  for (const cell of results) cells.set(cell.name, cell);
}, 600_000);
afterAll(() => matrix.removePackage(npmPackage));

test.for(rows)('$name: every request is tracked', ({ name }) => {
  const cell = cells.get(name);
  skipTest(cell?.reason, 'packages');
  expect(cell).toMatchObject({ status: 'right', differences: [] });
});

test('the page about bundlers has a row for each', () => {
  const page = readFileSync(`${ROOT}docs/bundlers.md`, 'utf8');
  const names = [...page.matchAll(/^\| (.+?) \|/gm)].map(([, name]) => name);
  expect(names).toEqual(expect.arrayContaining(matrix.BUNDLERS.map(({ name }) => name)));
});

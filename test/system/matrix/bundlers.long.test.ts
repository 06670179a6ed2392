import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../support/child-process.js';
import { skipTest } from '../../support/skips.js';

interface Row {
  readonly name: string;
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

let npmPackage: object;
const cells = new Map<string, Cell>();
beforeAll(async () => {
  npmPackage = await matrix.packPackage();
  const results = await matrix.runCells(matrix.planBundlers([20]), {
    npmPackage,
    say: console.log,
    onCell: () => undefined,
  });
  for (const cell of results) cells.set(cell.name, cell);
}, 600_000);
afterAll(() => matrix.removePackage(npmPackage));

test.for([...matrix.BUNDLERS])('$name: every request is tracked', ({ name }) => {
  const cell = cells.get(name);
  skipTest(cell?.reason, 'packages');
  expect(cell).toMatchObject({ status: 'right', differences: [] });
});

test('the page about bundlers has a row for each', () => {
  const page = readFileSync(`${ROOT}docs/bundlers.md`, 'utf8');
  const rows = [...page.matchAll(/^\| (.+?) \|/gm)].map(([, name]) => name);
  expect(rows).toEqual(expect.arrayContaining(matrix.BUNDLERS.map(({ name }) => name)));
});

import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../support/child-process.js';
import { matrix, packBeforeTests, runCells } from '../../support/matrix.js';
import { skipTest } from '../../support/skips.js';

const rows = matrix.BUNDLERS.filter(({ isNightly }) => !isNightly);
const npmPackage = packBeforeTests();
const cells = new Map<string, Awaited<ReturnType<typeof runCells>>[number]>();
beforeAll(async () => {
  const names = rows.map(({ name }) => name);
  const planned = matrix.planBundlers([20]).filter(({ name }) => names.includes(name));
  for (const cell of await runCells(planned, npmPackage())) cells.set(cell.name, cell);
}, 600_000);

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

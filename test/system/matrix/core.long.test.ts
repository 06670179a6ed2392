import { expect, test } from 'vitest';
import { sampled } from '../../support/long.js';
import { type Cell, matrix, packBeforeTests } from '../../support/matrix.js';
import { skipTest } from '../../support/skips.js';

const npmPackage = packBeforeTests();

const allCells = matrix.planCells({ core: true });
const titleOf = ({ sdk, node }: Cell) => `SDK ${sdk} on Node ${node}`;

const titles = [...new Set(allCells.map(titleOf))];
/** Neighbors differ by what is loaded first. */
const cellsOf = (title: string) => {
  const cells = allCells.filter((cell) => titleOf(cell) === title);
  return sampled(
    cells.filter((_, i) => i % 2 === 0),
    cells,
  );
};

test.for(sampled(titles.slice(-1), titles))('load orders beside %s', async (title) => {
  const cells = cellsOf(title);
  expect(cells.length).toBeGreaterThan(10);
  const results = await matrix.runCells(cells, { npmPackage: npmPackage() });
  const wrong = results.filter(({ status }) => status === 'wrong');
  expect(wrong.map(({ name, differences }) => ({ name, differences }))).toEqual([]);

  const skipped = results.filter(({ status }) => status === 'skipped');
  if (skipped.length === 0) return;
  const note = `${skipped.length} of ${results.length} could not be tried: ${skipped[0]?.reason}`;
  console.log(note);
  skipTest(skipped.length === results.length ? note : undefined, 'packages');
});

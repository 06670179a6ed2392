import { expect, test } from 'vitest';
import { matrix, OWN_NODE, packBeforeTests } from '../../support/matrix.js';
import { skipTest } from '../../support/skips.js';

const npmPackage = packBeforeTests();

/** The others run every night, in the whole matrix. */
const cells = matrix.OPERATIONS.filter(({ node, isNightly }) => node === OWN_NODE && !isNightly);

test.for(cells)('$name: one hit per request, with its title', async (cell) => {
  const [result] = await matrix.runCells([cell], { npmPackage: npmPackage() });
  skipTest(result?.reason, 'packages');
  expect(result?.differences).toEqual([]);
});

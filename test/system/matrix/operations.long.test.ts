import { test } from 'vitest';
import {
  expectHits,
  matrix,
  OWN_NODE,
  packBeforeTests,
  preparePlace,
} from '../../support/matrix.js';

const npmPackage = packBeforeTests();

/** The others run every night, in the whole matrix. */
const cells = matrix.OPERATIONS.filter(({ node, isNightly }) => node === OWN_NODE && !isNightly);

test.for(cells)('$name: one hit per request, with its title', async (cell) => {
  const place = await preparePlace(cell, npmPackage());
  await expectHits({ ...place, ...cell.command(true) }, cell);
});

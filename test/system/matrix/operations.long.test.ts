import { expect, test } from 'vitest';
import { COLD_MILLIS, matrix, packBeforeTests, runCells } from '../../support/matrix.js';
import { skipTest } from '../../support/skips.js';

const npmPackage = packBeforeTests();

const OWN_NODE = Number(process.versions.node.split('.')[0]);

/** The others run every night, in the whole matrix. */
const cells = [matrix.planOperations, matrix.planMcpServers, matrix.planFileServers]
  .flatMap((plan) => plan([OWN_NODE]))
  .filter(({ isNightly }) => !isNightly);

test.for(cells)(
  '$name: one hit per request, with its title',
  { timeout: COLD_MILLIS },
  async (cell) => {
    const [result] = await runCells([cell], npmPackage());
    skipTest(result?.reason, 'packages');
    expect(result?.differences).toEqual([]);
  },
);

import { beforeAll, expect, test } from 'vitest';
import { matrix, packBeforeTests } from '../../support/matrix.js';

const npmPackage = packBeforeTests();
let runRow: Awaited<ReturnType<typeof matrix.prepareRuntimes>>;
beforeAll(async () => {
  runRow = await matrix.prepareRuntimes(npmPackage());
});

test.for([...matrix.RUNTIMES])(
  '$name: one hit per request, and nothing is lost at its end',
  async (row) => {
    const { expected, hits } = await runRow(row);
    expect(hits).toEqual(expected);
  },
);

import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../support/child-process.js';

interface Row {
  readonly name: string;
}

interface Runtimes {
  readonly RUNTIMES: readonly Row[];
  prepareRuntimes(
    npmPackage: object,
  ): Promise<(row: Row) => Promise<{ expected: string[]; hits: string[] }>>;
  packPackage(): Promise<object>;
  removePackage(npmPackage: object): void;
}

const [runtimes, npm] = await Promise.all(
  ['runtimes', 'package'].map((name) => import(`${ROOT}tools/matrix/${name}.mjs`)),
);
const { RUNTIMES, prepareRuntimes, packPackage, removePackage }: Runtimes = {
  ...runtimes,
  ...npm,
};

let npmPackage: object;
let runRow: Awaited<ReturnType<Runtimes['prepareRuntimes']>>;
beforeAll(async () => {
  npmPackage = await packPackage();
  runRow = await prepareRuntimes(npmPackage);
});
afterAll(() => removePackage(npmPackage));

test.for([...RUNTIMES])(
  '$name: one hit per request, and nothing is lost at its end',
  async (row) => {
    const { expected, hits } = await runRow(row);
    expect(hits).toEqual(expected);
  },
);

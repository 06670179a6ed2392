import { describe, test } from 'vitest';
import { columnName, hasStats, runColumn, type Setup, scenariosOf } from './columns.js';

/** The first test of a column waits for all of its requests, which takes long if the machine is busy. */
const COLUMN_MILLIS = 300_000;

/**
 * A test for each scenario of each column. The first one of a column runs them all, in one process.
 *
 * @param more - Called in each test, which it may skip.
 */
export function runScenarios(
  columns: readonly Setup[],
  more: () => Promise<Partial<Setup>> = async () => ({}),
) {
  describe.each(columns.map((column) => [columnName(column), column] as const))(
    '%s',
    (_name, column) => {
      let ran: ReturnType<typeof runColumn> | undefined;
      const run = async () => {
        const setup = { ...column, ...(await more()) };
        ran ??= runColumn(setup);
        return ran;
      };
      test.each(scenariosOf(column).map((scenario) => [scenario.name, scenario] as const))(
        '%s',
        async (_scenario, scenario) => {
          (await run()).check(scenario);
        },
        COLUMN_MILLIS,
      );
      test('nothing is logged that no scenario names', async () => {
        (await run()).checkLog();
      });
      if (!hasStats(column)) return;
      test('every request is counted', async () => {
        (await run()).checkStats();
      });
    },
  );
}

import { describe, test } from 'vitest';
import { comesWith } from '../../support/skips.js';
import { columnName, hasStats, runColumn, type Setup, scenariosOf } from './columns.js';

/** A test for each scenario of each column. The first one of a column runs them all, in one process. */
export function runScenarios(columns: readonly Setup[], more: () => Partial<Setup> = () => ({})) {
  describe.each(columns.map((column) => [columnName(column), column] as const))(
    '%s',
    (_name, column) => {
      let ran: ReturnType<typeof runColumn> | undefined;
      test.each(scenariosOf(column).map((scenario) => [scenario.name, scenario] as const))(
        '%s',
        async (_scenario, scenario) => {
          const { part, today, in: isIn } = scenario.comesWith ?? {};
          if (isIn?.(column) ?? true) comesWith(part, today);
          ran ??= runColumn({ ...column, ...more() });
          (await ran).check(scenario);
        },
      );
      if (!hasStats(column)) return;
      test('every request is counted', async () => {
        ran ??= runColumn({ ...column, ...more() });
        (await ran).checkStats();
      });
    },
  );
}

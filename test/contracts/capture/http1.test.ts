import { describe, test } from 'vitest';
import { comesWith } from '../../support/skips.js';
import { columnName, runColumn, scenariosOf } from './columns.js';

const COLUMNS = [{ protocol: '1.1', framework: 'node', tracing: 'none' }] as const;

describe.each(COLUMNS.map((column) => [columnName(column), column] as const))(
  '%s',
  (_name, column) => {
    let ran: ReturnType<typeof runColumn> | undefined;
    test.each(scenariosOf(column).map((scenario) => [scenario.name, scenario] as const))(
      '%s',
      async (_scenario, scenario) => {
        comesWith(scenario.from, scenario.differsToday);
        ran ??= runColumn(column);
        (await ran).check(scenario);
      },
    );
  },
);

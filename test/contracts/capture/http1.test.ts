import { describe, test } from 'vitest';
import { comesWith } from '../../support/skips.js';
import { columnName, runColumn, scenariosOf } from './columns.js';

const FRAMEWORKS = ['node', 'express', 'fastify', 'koa', 'hono'] as const;
const TRACINGS = ['none', 'processor', 'register'] as const;
const COLUMNS = FRAMEWORKS.flatMap((framework) =>
  TRACINGS.map((tracing) => ({ protocol: '1.1', framework, tracing }) as const),
);

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

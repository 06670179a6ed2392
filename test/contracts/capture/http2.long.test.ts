import { describe, expect, test } from 'vitest';
import { sampled } from '../../support/long.js';
import { installNodeBeforeTests } from '../../support/matrix.js';
import { startColumn } from '../doors/capture.js';
import { columnName, OPTIONS, type Setup } from './columns.js';
import { runScenarios } from './run-scenarios.js';

const FRAMEWORKS = ['node', 'stream', 'fastify', 'koa', 'hono'] as const;
const TRACINGS = ['none', 'register'] as const;
/** Each framework in one of the ways, in turn. */
const COLUMNS = FRAMEWORKS.flatMap((framework, i) =>
  TRACINGS.filter((_, j) => sampled((i + j) % 2 === 0, true)).map(
    (tracing): Setup => ({ protocol: '2', framework, tracing }),
  ),
);

// Their newest versions announce the streams of HTTP/2.
describe('Node.js 24', () => {
  const nodePath = installNodeBeforeTests(24);
  runScenarios(COLUMNS, async () => ({ node: nodePath() }));

  test('spans of an SDK that starts when a connection is in use add to its requests', async () => {
    const column = await startColumn({
      protocol: '2',
      framework: 'node',
      tracing: 'late',
      options: OPTIONS,
      node: nodePath(),
      routes: [
        { route: '/first', handler: 'ok' },
        { route: '/step', handler: 'annotates with a child span' },
      ],
    });
    for (const path of ['/first', '/step']) await column.send({ path });
    expect((await column.stop()).map(({ hit }) => hit)).toEqual(['GET /first 200', 'Report 200']);
  });
});

// No version of it does.
describe('Node.js 20', () => {
  const nodePath = installNodeBeforeTests(20);
  test.each(COLUMNS.slice(0, sampled(2, 4)).map((column) => [columnName(column), column] as const))(
    '%s: requests are not tracked, which is logged once',
    async (_name, setup) => {
      const column = await startColumn({
        ...setup,
        options: OPTIONS,
        node: nodePath(),
        routes: [{ route: '/annotated', handler: 'annotates' }],
      });
      for (let i = 0; i < 3; i++) {
        expect(await column.send({ path: '/annotated' })).toMatchObject({ status: 200 });
      }
      expect(await column.stop()).toEqual([]);
      expect(column.logged()).toEqual(['http2-not-tracked']);
    },
  );
});

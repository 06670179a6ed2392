import { expect, test } from 'vitest';
import { startColumn } from '../doors/capture.js';
import { OPTIONS, type Setup } from './columns.js';

const HANDLERS = {
  '/first': 'ok',
  '/step': 'annotates with a child span',
  '/own': 'annotates with its span',
  '/event': 'tracks with a span event',
  '/calls': 'annotates in a child span',
};
type Path = keyof typeof HANDLERS;

const CALLS = ['GET /first 200', 'GET /calls 200, in a child', 'event Child event'];
/** Of SERVER spans, which an instrumentation makes. */
const SERVER = ['Span 200, span', 'GET /event 200', 'event Span event'];
const STEP = 'Report 200, child';

/** Sends a request to each of the paths, the first one before tracing changes, and expects hits with their dimension 5. */
async function expectHits(
  tracing: Setup['tracing'],
  paths: readonly Path[],
  expected: readonly string[],
): Promise<void> {
  const column = await startColumn({
    protocol: '1.1',
    framework: 'node',
    tracing,
    options: OPTIONS,
    routes: paths.map((route) => ({ route, handler: HANDLERS[route] })),
  });
  for (const path of paths) await column.send({ path });
  const hits = await column.stop();
  const found = hits.map(({ hit, params: { dimension5 } }) =>
    dimension5 === undefined ? hit : `${hit}, ${dimension5}`,
  );
  expect(found.toSorted()).toEqual(expected.toSorted());
  expect(column.logged()).toEqual(['tracking']);
}

test('spans of an SDK that starts after the first request add to requests without a SERVER span', async () => {
  await expectHits('late', ['/first', '/calls', '/step'], [...CALLS, STEP]);
});

const ALL = Object.keys(HANDLERS) as Path[];

test.each([
  ['an SDK that starts after the first request, with SERVER spans', 'late spans'],
  ['a provider that is registered after trace.disable()', 'replaced'],
  ['a provider that is shut down and replaced', 'replaced after shutdown'],
  ['an SDK that has the processor as well', 'both'],
] as const)('all spans count once, of %s', async (_of, tracing) => {
  await expectHits(tracing, ALL, [...CALLS, ...SERVER, STEP]);
});

test('SERVER spans of a provider that is disabled count, and other spans are none', async () => {
  await expectHits('disabled', ALL, [...CALLS, ...SERVER, 'GET /step 200']);
});

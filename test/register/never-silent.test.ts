import { expect, test } from 'vitest';
import { eventually, runNode, type Server } from '../support/child-process.js';
import { APPS, get, matomo, REGISTER, startTracked } from '../support/registered-app.js';

const APP = [...REGISTER, `${APPS}/set-ups.cjs`];

const codesOf = (stderr: string) =>
  [...stderr.matchAll(/\[([a-z0-9-]+)\]$/gm)].map(([, code]) => code);

test.each([
  // As Azure Monitor.
  [
    'a provider is used although a library deletes the global object of the API',
    'deletes-the-global',
    'span',
  ],
  [
    'a context manager without a tracer provider is no reason for a message',
    'context-only',
    undefined,
  ],
])('%s', async (_what, SETUP, dimension) => {
  const { inspector, app } = await startTracked(APP, { SETUP, OTEL_LOG_LEVEL: 'WARN' });
  await get(`${app.url}/a`);
  await app.stop();
  expect(inspector.hits().map(({ params }) => [params.action_name, params.dimension1])).toEqual([
    ['GET /a', dimension],
  ]);
  expect([app.stdout(), app.stderr()]).toEqual([`${app.url}\n`, '']);
});

async function getAll(app: Server, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await get(`${app.url}/a`);
}

const SET_UP = `require('./${APPS}/set-up-tracing.cjs').setUpTracing([processor]);`;

test.each([
  ['whose server OpenTelemetry does not see is reported once', [], '', ['nothing-tracked']],
  ['that gets spans is not reported', [], SET_UP, []],
  ['beside register is not reported', REGISTER, '', []],
])('after 100 requests, a processor %s', async (_what, preload, setUp, codes) => {
  const code = `
    const { MatomoSpanProcessor } = require('opentelemetry-matomo');
    const processor = new MatomoSpanProcessor();
    ${setUp}
    const { createServer } = require('node:http');
    require('./${APPS}/listen.cjs')(createServer((_request, response) => response.end('ok')));`;
  const { app } = await startTracked([...preload, '--eval', code]);
  await getAll(app, 99);
  expect(codesOf(app.stderr())).toEqual([]);
  await getAll(app, 20);
  await eventually(() => codesOf(app.stderr()).length >= codes.length);
  await app.stop();
  expect(codesOf(app.stderr())).toEqual(codes);
});

test('100 requests that an option leaves out are no reason for a message', async () => {
  const { app } = await startTracked(APP, { SETUP: 'nothing', MATOMO_IGNORE_PATHS: '/a' });
  await getAll(app, 105);
  await app.stop();
  expect(app.stderr()).toBe('');
});

test('the first call of a job that never serves is logged if it drops an item', async () => {
  const { inspector, env } = await matomo();
  const script = `const { trackOrder } = require('opentelemetry-matomo');
    trackOrder({ id: 'A-1', revenue: 2, items: [{}] }, { uid: 'ann' });`;
  const { code, stderr } = await runNode([...REGISTER, '-e', script], { env });
  expect(code).toBe(0);
  expect(codesOf(stderr)).toEqual(['parameter-invalid']);
  expect(inspector.hits().map(({ params }) => params.ec_id)).toEqual(['A-1']);
});

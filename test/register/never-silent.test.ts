import { expect, test } from 'vitest';
import { eventually, type Server } from '../support/child-process.js';
import { APPS, get, REGISTER, startRegistered, startTracked } from '../support/registered-app.js';

const codesOf = (stderr: string) =>
  [...stderr.matchAll(/\[([a-z0-9-]+)\]$/gm)].map(([, code]) => code);

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
  const { app } = await startRegistered('plain-http.cjs', { MATOMO_IGNORE_PATHS: '/a' });
  await getAll(app, 105);
  await app.stop();
  expect(app.stderr()).toBe('');
});

import { expect, test } from 'vitest';
import { APPS, get, startTracked, titles } from '../support/registered-app.js';

const APP = [`${APPS}/foreign-messages.cjs`];

test('messages of other shapes on the diagnostics channels are ignored', async () => {
  const { inspector, app } = await startTracked(APP);
  await get(`${app.url}/first`);
  const channels = (await get(`${app.url}/second`)).split(' ');
  await app.stop();
  expect(channels).toEqual(
    expect.arrayContaining([
      'http.server.request.start',
      'http.server.response.finish',
      'http2.server.stream.close',
      'http2.server.stream.created',
      'net.server.socket',
      'tracing:fastify.request.handler:start',
      'tracing:net.server.listen:asyncStart',
    ]),
  );
  expect(titles(inspector)).toEqual(['GET /first', 'GET /second']);
  expect(inspector.hits()[1]?.stored?.custom_dimension_1).toBe('of this request');
  expect(app.stderr()).toBe('');
});

test('one that throws when it is read is reported once, and requests are tracked', async () => {
  const { inspector, app } = await startTracked(APP, { UNREADABLE: '1' });
  await get(`${app.url}/first`);
  await get(`${app.url}/second`);
  await app.stop();
  expect(titles(inspector)).toEqual(['GET /first', 'GET /second']);
  expect(app.stderr()).toMatch(
    /^opentelemetry-matomo: .*\(Error at [\w./-]+:\d+:\d+\).* \[internal-error\]\n$/,
  );
});

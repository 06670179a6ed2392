import { expect, test } from 'vitest';
import { startServer } from './support/child-process.js';
import { APPS, get, REGISTER, startRegistered, titles } from './support/registered-app.js';

// Orders of preloads, and tracing that stays as it is: test/system/matrix and test/register/same-traces.long.test.ts.
test('a provider that is not the SDK’s is named, with what to write instead, and requests are tracked without it', async () => {
  const { inspector, app } = await startRegistered('foreign-provider.cjs');
  expect(await get(`${app.url}/a`)).toBe('ok');
  await app.stop();
  expect(app.stderr()).toMatch(
    /^opentelemetry-matomo: .*ForeignProvider.*new MatomoSpanProcessor\(\).* \[not-attached\]$/m,
  );
  expect(app.stderr().trim().split('\n')).toHaveLength(1);
  expect(titles(inspector)).toEqual(['GET /a']);
});

test('forceFlush of the application’s provider reaches the processor that register has added', async () => {
  const { inspector, app } = await startRegistered('traced-in-code.cjs');
  await get(`${app.url}/a`);
  expect(await get(`${app.url}/flush`)).toBe('flushed');
  expect(titles(inspector)).toEqual(['GET /a']);
});

test.each([
  ['MATOMO_ANONYMIZE_IP', { anonymizeIp: 2 }, ['GET /a', 'GET /b', 'GET /told']],
  ['MATOMO_ANONYMISE_IP', {}, []],
])(
  '%s=yes beside a processor of the application with %j, which register flushes: %j',
  async (name, options, expected) => {
    const { inspector, app } = await startRegistered('traced-in-code.cjs', {
      [name]: 'yes',
      OWN_PROCESSOR: JSON.stringify(options),
    });
    for (const path of ['/a', '/b', '/told']) await get(app.url + path);
    expect(await app.stop()).toEqual({ code: null, signal: 'SIGTERM' });
    expect(titles(inspector)).toEqual(expected);
  },
);

test.each([
  { MATOMO_ENABLED: 'false' },
  { OTEL_SDK_DISABLED: 'true', MATOMO_URL: 'http://127.0.0.1:9', MATOMO_SITE_ID: '1' },
])('%o switches everything off, silently', async (env) => {
  const app = await startServer([...REGISTER, `${APPS}/plain-http.cjs`], { env });
  expect(await get(`${app.url}/a`)).toBe('ok');
  await app.stop();
  expect(app.stderr()).toBe('');
});

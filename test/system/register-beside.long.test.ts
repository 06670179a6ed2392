import { expect, test } from 'vitest';
import { eventually } from '../support/child-process.js';
import {
  APPS,
  get,
  ONLY_TRACES,
  startRegistered,
  startTracked,
  titles,
} from '../support/registered-app.js';

test.each([['--require'], ['--import']])(
  'an ES module under %s register is tracked, and its own copy of annotate finds the request',
  async (flag) => {
    const { inspector, app } = await startTracked([
      flag,
      'opentelemetry-matomo/register',
      `${APPS}/esm.mjs`,
    ]);
    for (const path of ['/plain', '/ignored', '/tracked']) await get(app.url + path);
    await app.stop();
    expect(inspector.hits().map(({ stored }) => stored)).toMatchObject([
      { title: 'GET /plain' },
      {
        title: 'GET /tracked',
        custom_dimension_1: 'from ESM',
        time_dom_processing: expect.any(Number),
      },
    ]);
  },
);

test.each([['--require'], ['--import']])(
  'an ES module beside auto-instrumentations is tracked too, under %s, without a loader hook',
  async (flag) => {
    const preloads = [
      '@opentelemetry/auto-instrumentations-node/register',
      'opentelemetry-matomo/register',
    ];
    const { inspector, app } = await startTracked(
      [...preloads.flatMap((file) => [flag, file]), `${APPS}/esm.mjs`],
      { OTEL_TRACES_EXPORTER: 'console', ...ONLY_TRACES },
    );
    for (const path of ['/plain', '/ignored', '/tracked']) await get(app.url + path);
    app.kill('SIGTERM');
    await eventually(() => inspector.hits().length === 2);
    expect(titles(inspector)).toEqual(['GET /plain', 'GET /tracked']);
  },
);

test('NODE_OPTIONS does the same', async () => {
  const NODE_OPTIONS = '--require opentelemetry-matomo/register';
  const { inspector, app } = await startTracked([`${APPS}/plain-http.cjs`], { NODE_OPTIONS });
  await get(`${app.url}/a`);
  await app.stop();
  expect(titles(inspector)).toEqual(['GET /a']);
});

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

test('every worker of a cluster tracks its own requests; threads take no part', async () => {
  const { inspector, app } = await startRegistered('cluster.cjs');
  const pids = new Set<string>();
  let sent = 0;
  await eventually(async () => {
    pids.add(await get(`${app.url}/a`));
    sent += 1;
    return pids.size === 2;
  });
  app.kill('SIGTERM');
  await eventually(() => inspector.hits().length === sent);
  await app.exit();
  expect(titles(inspector)).toEqual(Array(sent).fill('GET /a'));
  expect(app.stderr()).toBe('');
});

test('forceFlush of the application’s provider reaches the processor that register has added', async () => {
  const { inspector, app } = await startRegistered('traced-in-code.cjs');
  await get(`${app.url}/a`);
  expect(await get(`${app.url}/flush`)).toBe('flushed');
  expect(titles(inspector)).toEqual(['GET /a']);
});

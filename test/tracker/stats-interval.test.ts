import { expect, onTestFinished, test } from 'vitest';
import { MatomoSpanExporter } from '../../src/index.js';
import { serverSpan } from '../support/builders.js';
import { eventually, runNode } from '../support/child-process.js';
import { captureOutput } from '../support/output.js';
import { APPS } from '../support/registered-app.js';

test('stats() is logged as one line of JSON at the interval', async () => {
  const output = captureOutput();
  const matomo = new MatomoSpanExporter({
    url: 'http://127.0.0.1:9',
    siteId: 1,
    ignorePaths: ['/health'],
    statsIntervalMillis: 1000,
  });
  onTestFinished(() => matomo.shutdown());
  matomo.export([serverSpan('/health')], () => undefined);
  const line = await eventually(() => output.find((text) => text.endsWith(' [stats]\n')));
  const [, json = ''] = /^opentelemetry-matomo: (.*) \[stats\]\n$/.exec(line) ?? [];
  expect(JSON.parse(json)).toEqual({ pid: process.pid, ...matomo.stats() });
  expect(matomo.stats().ignored.path).toBe(1);
});

test('the interval does not keep a process alive, and can be set in the environment', async () => {
  const code = `const { MatomoSpanExporter } = require('opentelemetry-matomo');
    new MatomoSpanExporter();
    const end = performance.now() + 1100;
    const timer = setInterval(() => performance.now() > end && clearInterval(timer), 20);`;
  const env = {
    MATOMO_URL: 'http://127.0.0.1:9',
    MATOMO_SITE_ID: '1',
    MATOMO_STATS_INTERVAL: '1000',
  };
  const { code: status, stderr } = await runNode(['-e', code], { env });
  expect(status).toBe(0);
  expect(stderr).toMatch(/^(opentelemetry-matomo: \{"pid":\d+,"hits":0,.*\} \[stats\]\n)+$/);
});

test('each line of a worker of a cluster has its pid and thread, and the last one is of the end', async () => {
  const env = { MATOMO_URL: 'http://127.0.0.1:9', MATOMO_SITE_ID: '1' };
  const { code, stderr } = await runNode([`${APPS}/cluster-stats.cjs`], { env });
  expect(code).toBe(0);
  const lines = stderr.trimEnd().split('\n');
  const parts = lines.map((line) =>
    /^opentelemetry-matomo: pid (\d+)(?:, thread (\d+))?: (\{.*\}) \[stats\]$/.exec(line),
  );
  const stats = parts.map((part) => JSON.parse(part?.[3] ?? '{}'));
  const pid = Number(parts[0]?.[1]);
  expect(parts.map((part) => [Number(part?.[1]), part?.[2]])).toEqual([
    [pid, '1'],
    [pid, undefined],
  ]);
  expect(stats).toMatchObject([
    { pid, thread: 1, hits: 0 },
    { pid, hits: 0 },
  ]);
});

test('hits that come after a shutdown that failed are in the last line', async () => {
  const code = `const { MatomoSpanProcessor } = require('opentelemetry-matomo');
    const { BasicTracerProvider } = require('@opentelemetry/sdk-trace-base');
    const matomo = new MatomoSpanProcessor({ exitFlush: true, shutdownTimeoutMillis: 300 });
    const tracer = new BasicTracerProvider({ spanProcessors: [matomo] }).getTracer('test');
    const attributes = { 'http.request.method': 'GET', 'url.path': '/a' };
    const begin = () => tracer.startSpan('GET', { kind: 1, attributes });
    process.once('SIGTERM', () => {});
    begin().end();
    const late = begin();
    matomo.shutdown().then(() => late.end());`;
  const env = {
    MATOMO_URL: 'http://127.0.0.1:9',
    MATOMO_SITE_ID: '1',
    MATOMO_STATS_INTERVAL: '3600000',
  };
  const { stderr } = await runNode(['-e', code], { env });
  const lines = [...stderr.matchAll(/(\{"pid".*\}) \[stats\]/g)];
  expect(JSON.parse(lines.at(-1)?.[1] ?? '')).toMatchObject({ hits: 2, lost: { shutdown: 2 } });
});

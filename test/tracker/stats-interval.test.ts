import { expect, test } from 'vitest';
import { runNode } from '../support/child-process.js';
import { APPS } from '../support/registered-app.js';

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

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { JOURNAL_TIMES } from '../../../../src/delivery/spool/journal.js';
import { startBulkReceiver } from '../../../support/bulk-receiver.js';
import { eventually, runNode } from '../../../support/child-process.js';
import { startRedis, startWire } from '../../../support/redis-server.js';
import { notSent, processed } from '../../../support/scripted-transport.js';
import { spooledDelivery } from '../../../support/spool.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';
import { startSpoolWorker } from '../spool-workers.js';

describe('processes that share a Redis', () => {
  test('they agree on who a visitor is, and no token is in Redis', async () => {
    const redis = await startRedis();
    const matomo = await startBulkReceiver();
    const env = { MATOMO_URL: matomo.url, MATOMO_SPOOL: redis.url };
    for (const worker of [startSpoolWorker(env), startSpoolWorker(env)]) await worker.request(3);
    const named = { ...env, MATOMO_TOKEN_AUTH: 'a-token-of-32-digits' };
    await eventually(() => matomo.tracked().length === 6);
    expect(new Set(matomo.bulks.flatMap(({ visitors }) => visitors)).size).toBe(1);
    expect(await redis.command('GET', 'matomo-spool:visitor-key')).toMatch(/^[\da-f]{64}$/);

    matomo.play({ refusals: 1000 });
    const withToken = startSpoolWorker(named);
    await withToken.request(3);
    await eventually(async () => (await withToken.stats()).spooled === 3);
    for (const key of (await redis.command('KEYS', '*')) as string[]) {
      const dump = (await redis.command('DUMP', key)) as string | null;
      expect(dump ?? '').not.toContain(named.MATOMO_TOKEN_AUTH);
    }
  });

  test.each([{}, { MATOMO_VISITOR_KEY: 'daily' }])(
    'after Redis has lost its data, a visitor stays the same, also with %o',
    async (key) => {
      const redis = await startRedis();
      const matomo = await startBulkReceiver();
      const env = { MATOMO_URL: matomo.url, MATOMO_SPOOL: redis.url, DEAD_MILLIS: '10000', ...key };
      const first = startSpoolWorker(env);
      await first.request(1);
      await eventually(async () => (await first.stats()).tracked === 1);
      await redis.command('FLUSHALL');
      const keys = () => redis.command('KEYS', 'matomo-spool:visitor-key*') as Promise<string[]>;
      await eventually(async () => (await keys()).length > 0);
      await startSpoolWorker(env).request(1);
      await eventually(() => matomo.bulks.length === 2);
      expect(new Set(matomo.bulks.flatMap(({ visitors }) => visitors)).size).toBe(1);
    },
  );

  test('a process that started while Redis was down names a visitor as others do as soon as it is up', async () => {
    const redis = await startRedis();
    await redis.kill();
    const matomo = await startBulkReceiver();
    const env = { MATOMO_URL: matomo.url, MATOMO_SPOOL: redis.url };
    const visitors = () => matomo.bulks.flatMap((bulk) => bulk.visitors);
    const early = startSpoolWorker(env);
    await early.request(1);
    await eventually(() => visitors().length === 1);
    await redis.start();
    await startSpoolWorker(env).request(1);
    await eventually(() => visitors().length === 2);
    const [own, shared] = visitors();
    expect(own).not.toBe(shared);
    await eventually(async () => {
      await early.request(1);
      return visitors().filter((visitor) => visitor === shared).length > 1;
    });
  });

  test('a shutdown while Redis hangs sends what Redis has not stored', async () => {
    const redis = await startRedis();
    const matomo = await startBulkReceiver();
    const worker = startSpoolWorker({
      MATOMO_URL: matomo.url,
      MATOMO_SPOOL: redis.url,
      MATOMO_SHUTDOWN_TIMEOUT: '20000',
    });
    await worker.request(1);
    await eventually(async () => (await worker.stats()).tracked === 1);
    redis.signal('SIGSTOP');
    await worker.request(3);
    await eventually(async () => (await worker.request(1)).hits === 8); // one write is under way, others wait
    expect(await worker.shutdown()).toMatchObject({ tracked: 8, pending: 0 });
    redis.signal('SIGCONT');
  });

  test('a primary that becomes a replica is left for the new primary', async () => {
    const [first, second] = [await startRedis(), await startRedis()];
    const [firstPort = '', secondPort = ''] = [first, second].map(({ url }) => new URL(url).port);
    await second.command('REPLICAOF', '127.0.0.1', firstPort);
    const wire = await startWire(Number(firstPort));
    // Heartbeats as in use: one during the change may still read the old primary, which drops its data.
    const times = JOURNAL_TIMES;
    const one = spooledDelivery({ folder: `redis://127.0.0.1:${wire.port}`, times });
    one.transport.answer(notSent);
    one.push('before');
    await eventually(() => one.delivery.spooled === 1);
    await eventually(async () => (await first.command('WAIT', '1', '1000')) === 1);

    await second.command('REPLICAOF', 'NO', 'ONE');
    await first.command('REPLICAOF', '127.0.0.1', secondPort);
    wire.leadTo(Number(secondPort));
    one.push('after');
    await eventually(() => one.delivery.spooled === 2, { timeoutMillis: 30_000 });
    one.transport.answer(processed);
    await eventually(() => one.delivery.counters.tracked === 2, { timeoutMillis: 30_000 });
    expect(one.law()).toEqual([2, 2]);
  }, 60_000);

  test('a process ends by itself though its Redis hangs', async () => {
    const redis = await startRedis();
    redis.signal('SIGSTOP');
    const { code, stderr } = await runNode(
      ['--require', './dist/cjs/register.js', '--eval', 'setTimeout(() => {}, 100)'],
      { env: { MATOMO_URL: 'http://127.0.0.1:1', MATOMO_SITE_ID: '1', MATOMO_SPOOL: redis.url } },
    );
    expect(code).toBe(0);
    expect(stderr).not.toMatch(/unhandled|UnhandledPromise/i);
    redis.signal('SIGCONT');
  });
});

test('without the package redis, that is logged once, and hits are sent from memory', async () => {
  const matomo = await startBulkReceiver();
  const folder = join(temporaryFolder(), 'no-redis');
  mkdirSync(folder);
  const hook = join(folder, 'hook.mjs');
  writeFileSync(
    hook,
    `import { register } from 'node:module';
register('data:text/javascript,' + encodeURIComponent(\`export async function resolve(name, context, next) {
  if (name === 'redis') throw Object.assign(new Error('Cannot find package redis'), { code: 'ERR_MODULE_NOT_FOUND' });
  return next(name, context);
}\`));`,
  );
  const env = {
    MATOMO_URL: matomo.url,
    MATOMO_SPOOL: 'redis://user:secret@127.0.0.1:1',
    NODE_OPTIONS: `--import=${pathToFileURL(hook)}`,
  };
  const worker = startSpoolWorker(env);
  await worker.request(3);
  await eventually(() => matomo.tracked().length === 3);
  await eventually(() => worker.stderr().includes('[spool-not-used]'));
  expect(worker.stderr().match(/npm install redis/g)).toHaveLength(1);
  expect(worker.stderr()).not.toContain('secret');
});

import { describe, expect, test } from 'vitest';
import { startBulkReceiver } from '../../../support/bulk-receiver.js';
import { eventually } from '../../../support/child-process.js';
import { tlsPath } from '../../../support/fault-proxy.js';
import { freePort } from '../../../support/free-port.js';
import { hitsIn, startRedis } from '../../../support/redis-server.js';
import { requires } from '../../../support/skips.js';
import { startSpoolWorker } from '../../../support/spool-workers.js';

/** A Redis that also listens with a certificate of the test CA. */
async function startTlsRedis(...options: string[]) {
  requires('redis with TLS');
  const port = String(await freePort());
  const files = ['--tls-cert-file', tlsPath('server.pem'), '--tls-key-file', tlsPath('server.key')];
  const authority = ['--tls-ca-cert-file', tlsPath('ca.pem'), '--tls-auth-clients', 'no'];
  const redis = await startRedis('--tls-port', port, ...files, ...authority, ...options);
  return { redis, url: `rediss://user:sesame@127.0.0.1:${port}` };
}

const TRUSTS = { NODE_EXTRA_CA_CERTS: tlsPath('ca.pem') };

describe('a Redis behind TLS', () => {
  test('takes hits of processes that trust its certificate, also once it has come back', async () => {
    const { redis, url } = await startTlsRedis(
      '--user',
      'user',
      'on',
      '>sesame',
      '~*',
      '+@all',
      '--appendfsync',
      'always',
    );
    const matomo = await startBulkReceiver();
    const env = { ...TRUSTS, MATOMO_URL: matomo.url, MATOMO_SPOOL: url };
    const workers = [startSpoolWorker(env), startSpoolWorker(env)];
    const storeMoreThan = async (hits: number) => {
      for (const worker of workers)
        await eventually(async () => {
          await worker.request(1);
          return (await worker.stats()).stored > hits;
        });
    };
    await storeMoreThan(3);
    await redis.kill();
    await redis.start();
    const before = await Promise.all(workers.map((worker) => worker.stats()));
    await storeMoreThan(Math.max(...before.map(({ stored }) => stored)));
    let [hits, tracked] = [0, 0];
    for (const worker of workers) {
      const counts = await worker.shutdown();
      hits += counts.hits;
      tracked += counts.tracked;
    }
    expect(tracked).toBeGreaterThan(0);
    // What was being claimed when Redis was killed comes back when that process counts as dead.
    expect(tracked + (await hitsIn(redis))).toBe(hits);
    for (const worker of workers) expect(worker.lawless).toEqual([]);
  });

  test('is not used if its certificate is not trusted, which is logged, and hits are sent from memory', async () => {
    const { redis, url } = await startTlsRedis();
    const matomo = await startBulkReceiver();
    await eventually(async () => {
      const worker = startSpoolWorker({ MATOMO_URL: matomo.url, MATOMO_SPOOL: url });
      await worker.request(3);
      await eventually(async () => (await worker.stats()).tracked === 3);
      await eventually(() => worker.stderr().includes('[spool-not-written]'));
      expect(worker.stderr()).not.toContain('sesame');
      // On a busy machine, a connection may take too long to be refused.
      return worker.stderr().includes('SELF_SIGNED_CERT_IN_CHAIN');
    });
    expect(await redis.command('DBSIZE')).toBe(0);
  });
});

import { describe, expect, test } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { tlsPath } from '../../support/fault-proxy.js';
import { freePort } from '../../support/free-port.js';
import { SPOOL_PLACES, startRedis } from '../../support/redis-server.js';
import { requires } from '../../support/skips.js';
import { sorted } from '../../support/sorted.js';
import { allArrive, names, openSite, tracked, UNAVAILABLE, until } from './support.js';

describe.each(SPOOL_PLACES)('processes that share %s', (_where, open) => {
  test.each([
    ['two processes', {}],
    ['two containers, which each have a process 1,', { PID: '1' }],
  ])('each hit of %s arrives once', async (_name, env) => {
    const { matomo, start } = await openSite(await open());
    const [one, two] = [start(env), start(env)];
    const put = [names('one', 130), names('two', 130)] as const;
    await Promise.all([one.put(...put[0]), two.put(...put[1])]);
    await allArrive(matomo, put.flat());
    for (const process of [one, two]) await until(process, ({ pending }) => pending === 0);
    expect(tracked(matomo)).toEqual(sorted(put.flat()));
  });

  test('what one could not send during its life is sent by others, once, that start together', async () => {
    const { matomo, start } = await openSite(await open());
    matomo.play(UNAVAILABLE);
    const first = start();
    const put = names('left', 130);
    await first.put(...put);
    const waiting = await until(first, ({ spooled }) => spooled === put.length);
    expect(waiting).toMatchObject({ put: 130, pending: 0, tracked: 0, lost: 0 });
    await first.shutdown();
    matomo.play({});
    const others = [start(), start()];
    await allArrive(matomo, put);
    const counts = [];
    for (const other of others) counts.push(await until(other, ({ pending }) => pending === 0));
    expect(counts.reduce((sum, { claimed }) => sum + claimed, 0)).toBe(130);
    expect(counts.reduce((sum, one) => sum + one.tracked, 0)).toBe(130);
    expect(tracked(matomo)).toEqual(sorted(put));
  });
});

describe('a Redis behind TLS', () => {
  /** Its certificate is of the test CA. */
  async function startTlsRedis() {
    requires('redis with TLS');
    const port = String(await freePort());
    const redis = await startRedis(
      ...['--tls-port', port, '--tls-cert-file', tlsPath('server.pem')],
      ...['--tls-key-file', tlsPath('server.key'), '--tls-ca-cert-file', tlsPath('ca.pem')],
      ...['--tls-auth-clients', 'no', '--user', 'user', 'on', '>sesame', '~*', '+@all'],
    );
    return { redis, ...(await openSite(`rediss://user:sesame@127.0.0.1:${port}`)) };
  }

  test('takes hits of processes that trust its certificate', async () => {
    const { start } = await startTlsRedis();
    const process = start({ NODE_EXTRA_CA_CERTS: tlsPath('ca.pem') });
    await eventually(async () => {
      await process.put('a');
      return (await process.counts()).claimed > 0;
    });
    await until(process, (counts) => counts.tracked === counts.put);
  });
});

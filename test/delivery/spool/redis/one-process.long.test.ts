import { describe, expect, test } from 'vitest';
import { MAX_READ_HITS } from '../../../../src/delivery/spool/journal.js';
import { DECIDE, STORE } from '../../../../src/delivery/spool/redis/redis-scripts.js';
import { eventually } from '../../../support/child-process.js';
import { type RedisServer, startRedis, startWire } from '../../../support/redis-server.js';
import { notSent, processed } from '../../../support/scripted-transport.js';
import { sorted } from '../../../support/sorted.js';
import { leaveHits, type SpooledDelivery, spooledDelivery } from '../../../support/spool.js';

/** Keys of the streams with hits. */
async function streamsIn(redis: RedisServer): Promise<string[]> {
  return (await redis.command('KEYS', 'matomo-spool:hits:*')) as string[];
}

/** How many hits are in all streams. */
async function hitsIn(redis: RedisServer): Promise<number> {
  let hits = 0;
  for (const key of await streamsIn(redis)) hits += Number(await redis.command('XLEN', key));
  return hits;
}

describe('a spool in Redis', () => {
  test('hits that are too many, too old or damaged are dropped and counted', async () => {
    const redis = await startRedis();
    const full = spooledDelivery({ folder: redis.url, maxBytes: 90 });
    full.transport.answer(notSent);
    full.push('a', 'b', 'c', 'd');
    await eventually(() => full.delivery.spooled > 0);
    expect(full.law()).toEqual([4, 4]);
    expect(full.logged.join()).toContain('maxSpoolBytes, 90');
    await full.delivery.shutdown(100);
    expect(full.delivery.counters.lost.spool).toBe(0);

    const stored = full.delivery.spooled;
    const [stream = ''] = await streamsIn(redis);
    await redis.command('XADD', stream, '*', 'h', 'damaged');
    const storedMillis = Date.now();
    await eventually(() => Date.now() - storedMillis > 20);
    const old = spooledDelivery({ folder: redis.url, maxSpoolAgeMillis: 10 });
    await eventually(() => old.delivery.counters.lost.expired === stored);
    await eventually(() => old.delivery.counters.lost.spool === 1);
    expect(old.delivery).toMatchObject({ pending: 0, takenOver: stored + 1 });
    expect(old.law()).toEqual([stored + 1, stored + 1]);
    await eventually(async () => (await hitsIn(redis)) === 0); // so that none is counted again
  });

  test('while Redis is unavailable, hits are sent from memory, which is logged once, and it is used again after that', async () => {
    const redis = await startRedis();
    const wire = await startWire(Number(new URL(redis.url).port));
    const one = spooledDelivery({ folder: `redis://user:secret@127.0.0.1:${wire.port}` });
    await redis.command('ACL', 'SETUSER', 'user', 'on', '>secret', '~*', '+@all');
    wire.play('cut');
    one.push('a');
    await eventually(() => one.delivery.counters.tracked === 1);
    wire.play('well');
    await eventually(async () => (await redis.command('HLEN', 'matomo-spool:instances')) === 1);
    one.transport.answer(notSent);
    one.push('b');
    await eventually(async () => (await hitsIn(redis)) === 1);
    wire.play('dead');
    one.push('c', 'd');
    await eventually(() => one.logged.length > 0);
    await expectLaw(one, 4);
    wire.play('well');
    one.transport.answer(processed);
    await eventually(() => one.delivery.counters.tracked === 4, {
      describe: () => String(one.logged),
    });
    await expectLaw(one, 4);
    expect(one.logged.filter((text) => text.includes('[spool-not-written]'))).toHaveLength(1);
    expect(one.logged.join()).not.toContain('secret');
  });

  test('hits that wait in memory go to Redis once it is back, even if Matomo is unavailable', async () => {
    const redis = await startRedis();
    const wire = await startWire(Number(new URL(redis.url).port));
    const one = spooledDelivery({ folder: `redis://127.0.0.1:${wire.port}` });
    await eventually(async () => (await redis.command('HLEN', 'matomo-spool:instances')) === 1);
    one.transport.answer(notSent);
    wire.play('cut');
    one.push('a', 'b', 'c');
    await eventually(() => one.transport.bodies.length > 0); // from memory
    await expectLaw(one, 3);
    wire.play('well');
    await eventually(async () => (await hitsIn(redis)) === 3);
    await eventually(() => one.delivery.spooled === 3);
    await expectLaw(one, 3);
    one.transport.answer(processed);
    await eventually(() => one.delivery.counters.tracked === 3, { timeoutMillis: 30_000 });
    expect(one.logged.join()).not.toContain('[spool-lost]');
  }, 60_000);

  test('while Redis is unavailable, it is tried again at least every second', async () => {
    const redis = await startRedis();
    const wire = await startWire(Number(new URL(redis.url).port));
    wire.play('cut');
    spooledDelivery({ folder: `redis://127.0.0.1:${wire.port}` });
    await eventually(() => wire.connections >= 12, { timeoutMillis: 12_000 });
  });

  test('a Redis that forgets everything costs what was in it, counted', async () => {
    const redis = await startRedis();
    const one = spooledDelivery({ folder: redis.url, exportTimeoutMillis: 1 });
    one.push('a', 'b');
    await eventually(() => one.delivery.counters.tracked === 2);
    one.transport.answer(notSent);
    one.push('c', 'd', 'e');
    await eventually(() => one.delivery.spooled === 3);
    await redis.command('FLUSHALL');
    await eventually(() => one.delivery.pending === 0);
    expect(one.delivery.counters).toMatchObject({ tracked: 2, lost: { spool: 3 } });
    expect(one.delivery.takenOver).toBe(0);
    await expectLaw(one, 5);
  });

  test('what Redis has done is not done again where its answer is lost', async () => {
    const { redis, wire, one } = await storeOverWire();
    one.transport.answer(processed);
    await eventually(() => one.delivery.counters.tracked === 1);
    await eventually(async () => (await hitsIn(redis)) === 0);
    one.transport.answer(notSent);
    wire.muteAt(STORE);
    one.push('a', 'b', 'c');
    await eventually(async () => (await hitsIn(redis)) === 3);
    expect(one.delivery).toMatchObject({ pending: 3, spooled: 0 });
    wire.play('well');
    await eventually(() => one.delivery.spooled === 3);
    expect(await hitsIn(redis)).toBe(3);

    one.transport.answer(processed);
    const release = one.transport.hold();
    const before = one.transport.bodies.length;
    await eventually(() => one.transport.bodies.length > before);
    wire.muteAt(DECIDE);
    release();
    await eventually(async () => (await hitsIn(redis)) === 0);
    wire.play('well');
    await eventually(() => one.delivery.counters.tracked === 4);
    expect(one.delivery).toMatchObject({ pending: 0, takenOver: 0 });
    expect(one.law()).toEqual([4, 4]);
  });

  test('what Redis may have stored is not sent from memory because the next attempt is refused', async () => {
    const { redis, wire, one } = await storeOverWire();
    wire.muteAt(STORE);
    one.push('a', 'b', 'c');
    await eventually(async () => (await hitsIn(redis)) === 4);
    wire.play('refusing');
    await eventually(() => wire.refused > 10);
    wire.play('well');
    one.transport.answer(processed);
    await eventually(() => one.delivery.counters.tracked === 4);
    await eventually(async () => (await hitsIn(redis)) === 0);
    await expectLaw(one, 4);
  });

  test('hits that were read with a damaged one are sent if Redis fails in between', async () => {
    const redis = await startRedis();
    const before = spooledDelivery({ folder: redis.url });
    before.push('first');
    await eventually(() => before.delivery.counters.tracked === 1);
    await eventually(async () => (await hitsIn(redis)) === 0);
    before.transport.answer(notSent);
    before.push('a', 'b', 'c');
    await eventually(() => before.delivery.spooled === 3);
    await before.delivery.shutdown(100);
    const [stream = ''] = await streamsIn(redis);
    await redis.command('XADD', stream, '*', 'h', 'damaged');

    const wire = await startWire(Number(new URL(redis.url).port));
    wire.muteAt(DECIDE);
    const next = spooledDelivery({ folder: `redis://127.0.0.1:${wire.port}` });
    await eventually(async () => (await hitsIn(redis)) === 3);
    wire.play('well');
    await eventually(() => next.delivery.counters.tracked === 3);
    await eventually(() => next.delivery.pending === 0);
    expect(next.delivery.counters).toMatchObject({ tracked: 3, lost: { spool: 1 } });
    expect(next.law()).toEqual([4, 4]);
  });

  test('hits are sent, and later taken over, although Redis has evicted the list of streams', async () => {
    const redis = await startRedis();
    const names = Array.from({ length: MAX_READ_HITS }, (_, i) => String(i));
    await leaveHits([...names, 'a', 'b'], { folder: redis.url });
    const evict = async () => {
      const lists = (await redis.command('KEYS', 'matomo-spool:streams:*')) as string[];
      expect(await redis.command('DEL', ...lists)).toBe(1);
    };
    const one = spooledDelivery({ folder: redis.url, maxQueueSize: names.length });
    one.transport.answer(notSent);
    await eventually(() => one.delivery.takenOver === names.length + 2);
    await evict();
    one.transport.answer(processed);
    await eventually(() => one.delivery.pending === 0);
    expect(one.delivery.counters.tracked).toBe(names.length + 2);

    one.transport.answer(notSent);
    one.push('c');
    await eventually(() => one.delivery.spooled === 1);
    await evict();
    await one.delivery.shutdown(2_000);
    const next = spooledDelivery({ folder: redis.url });
    await eventually(() => next.delivery.counters.tracked === 1);
  });

  test('hits that Redis has evicted are lost and counted, and the log names its option', async () => {
    const redis = await startRedis('--maxmemory-policy', 'allkeys-random');
    const one = spooledDelivery({ folder: redis.url });
    one.transport.answer(notSent);
    one.push('a', 'b');
    await eventually(() => one.delivery.spooled === 2);
    await redis.command('CONFIG', 'SET', 'maxmemory', '1');
    await eventually(() => one.logged.some((text) => /\bnoeviction\b.*\[spool-lost\]$/.test(text)));
    expect(one.delivery.counters.lost.spool).toBe(2);
    expect(one.law()).toEqual([2, 2]);
  });

  test('a Redis that is full takes no hits, and becomes empty; it is in the log that it stores hits again', async () => {
    const redis = await startRedis();
    const one = spooledDelivery({ folder: redis.url });
    one.transport.answer(notSent);
    one.push('a', 'b');
    await eventually(() => one.delivery.spooled === 2);
    await redis.command('CONFIG', 'SET', 'maxmemory', '1');
    one.push('c');
    await eventually(() => one.logged.some((text) => text.includes('[spool-not-written]')));
    one.transport.answer(processed);
    await eventually(() => one.delivery.counters.tracked === 3);
    expect(await hitsIn(redis)).toBe(0);
    await expectLaw(one, 3);
    await redis.command('CONFIG', 'SET', 'maxmemory', '0');
    one.transport.answer(notSent);
    await eventually(() => {
      one.push('d');
      return one.delivery.spooled > 0;
    });
    const again = '[spool-written-again]';
    await eventually(() => one.logged.filter((text) => text.includes(again)).length === 1);
  });

  test('a flush while Redis hangs sends what Redis has not got, and the write that was under way is not lost', async () => {
    const redis = await startRedis();
    const one = spooledDelivery({ folder: redis.url, scheduledDelayMillis: 60_000 });
    one.push('a');
    await one.delivery.flush();
    redis.signal('SIGSTOP');
    one.push('b');
    await one.delivery.flush();
    one.push('c');
    await one.delivery.flush();
    expect(one.sent()).toContain('c');
    redis.signal('SIGCONT');
    await eventually(() => one.delivery.spooled > 0 || one.delivery.pending === 0);
    await one.delivery.flush();
    expect(sorted(one.sent())).toEqual(['a', 'b', 'c']);
    expect(one.law()).toEqual([3, 3]);
  });

  test('while a proxy refuses commands in words of its own, hits are sent from memory, and it is asked at a slow pace', async () => {
    const redis = await startRedis();
    const wire = await startWire(Number(new URL(redis.url).port));
    const one = spooledDelivery({ folder: `redis://127.0.0.1:${wire.port}` });
    one.push('a');
    await eventually(() => one.delivery.counters.tracked === 1);
    wire.play('refusing');
    one.push('b');
    await eventually(() => one.sent().includes('b'));
    expect(one.logged.join()).toContain('no upstream host');
    expect(wire.refused).toBeLessThan(200);
    wire.play('well');
    await eventually(() => one.delivery.pending === 0);
    await expectLaw(one, 2);
  });

  test('a shutdown ends though Redis hangs', async () => {
    const redis = await startRedis();
    const one = spooledDelivery({ folder: redis.url });
    one.push('a');
    await eventually(() => one.delivery.counters.tracked === 1);
    redis.signal('SIGSTOP');
    one.push('b', 'c');
    await one.delivery.shutdown(2500);
    expect(one.law()).toEqual([3, 3]);
    redis.signal('SIGCONT');
  });
});

/** Hits wait for Matomo, the first one in Redis. The wire to Redis can be disturbed. */
async function storeOverWire() {
  const redis = await startRedis();
  const wire = await startWire(Number(new URL(redis.url).port));
  const one = spooledDelivery({ folder: `redis://127.0.0.1:${wire.port}` });
  one.transport.answer(notSent);
  one.push('first');
  await eventually(() => one.delivery.spooled === 1);
  return { redis, wire, one };
}

async function expectLaw({ law }: SpooledDelivery, hits: number): Promise<void> {
  const [made, known] = law();
  expect(made).toBe(known);
  expect(made).toBeGreaterThanOrEqual(hits);
}

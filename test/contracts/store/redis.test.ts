import { describe, expect, test } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { type RedisServer, startRedis, startWire } from '../../support/redis-server.js';
import { requires } from '../../support/skips.js';
import {
  DailyKeys,
  inspectRedis,
  openRedisSpool,
  type Redis,
  type RedisSetup,
} from '../doors/redis-store.js';
import { drainAll, drainBulks, expectBalance, hit, hits } from './support.js';

const STREAM = 'matomo-spool:hits:token';

async function open(place: string, setup: Partial<RedisSetup> = {}): Promise<Redis> {
  const redis = await openRedisSpool({ place, ...setup });
  await eventually(() => redis.spool.isUsable);
  return redis;
}

test('its hits and age are known to all that claim', async () => {
  const { url } = await startRedis();
  const [one, two] = [await open(url), await open(url)];
  await one.spool.put(Array.from({ length: 250 }, (_, i) => hit(`n${i}`)));
  await one.spool.put(hits('a'));
  const claim = await two.spool.claim(1);
  expect(two.spool.hits).toBe(251);
  expect(two.spool.oldestSeconds).toBeLessThan(Number.POSITIVE_INFINITY);
  const report = await inspectRedis(url);
  expect(report).toMatchObject({ problem: undefined, hits: 251 });
  expect(report).toMatchObject({ matomoUrl: 'https://matomo.test/matomo.php' });
  await claim?.done({ tracked: 250 }, []);
  expect(await drainBulks(two)).toEqual(['a']);
  expect((await inspectRedis(url)).hits).toBe(0);
});

test('visitor keys are shared', async () => {
  const { url } = await startRedis();
  const [one, two] = [new DailyKeys(), new DailyKeys()];
  await open(url, { keys: one });
  await open(url, { keys: two });
  const [day = 0] = one.days;
  expect(one.find(day)).toBeDefined();
  expect(one.find(day)).toEqual(two.find(day));
  one.close();
  two.close();
});

test('a visitor key that is damaged is not used, and one line says so', async () => {
  const server = await startRedis();
  const keys = new DailyKeys();
  const [day = 0] = keys.days;
  await server.command('SET', `matomo-spool:visitor-key:${day}`, 'damaged');
  const redis = await open(server.url, { keys });
  expect(keys.find(day)).toBeUndefined();
  expect(redis.codes()).toEqual(['spool-visitor-key']);
  keys.close();
});

test('at the event exit, hits of a put without a reply are lost, and a claim is left to others', async () => {
  requires('signals');
  const server = await startRedis();
  const redis = await open(server.url);
  await redis.spool.put(hits('ab'));
  const claim = await redis.spool.claim(2);
  server.signal('SIGSTOP');
  void redis.spool.put(hits('cd'));
  void claim?.done({ tracked: 2 }, []);
  await redis.spool.hurry?.(50);
  expect(redis.spool.isUsable).toBe(false);
  await eventually(() => redis.spool.count === 4);
  expect(redis.spool.putNow?.(hits('e'))).toEqual(hits('e'));
  expect(redis.spool.count).toBe(0);
  expect(redis.counts).toMatchObject({ stored: 2, claimed: 0, tracked: 0, lost: { spool: 2 } });
  expectBalance(redis, 4);
  server.signal('SIGCONT');
});

test('damaged and foreign entries are counted and removed, others arrive', async () => {
  const server = await startRedis();
  const redis = await open(server.url);
  await redis.spool.put(hits('ab'));
  await server.command('XADD', STREAM, '*', 'foreign', 'content');
  await server.command('XADD', STREAM, '*', 'n', 'x', 'h', 'y 1\n');
  expect(await drainAll(redis, 2)).toBe('ab');
  expect(redis.counts.lost.spool).toBe(1);
  expect(redis.codes()).toEqual(['spool-damaged']);
  expect(await server.command('XLEN', STREAM)).toBe(0);
  expectBalance(redis, 2);
});

test('a full spool takes hits again when there is room', async () => {
  const redis = await open((await startRedis()).url, { maxBytes: 20_000 });
  const long = 'x'.repeat(1_000);
  let put = 0;
  for (let i = 0; i < 30; i++) put += Number(await redis.spool.put([hit(`${i}${long}`)]));
  expect(put).toBeLessThan(20);
  expect(redis.codes()).toEqual(['spool-not-written']);
  expect(await drainBulks(redis)).not.toEqual([]);
  expect(await redis.spool.put(hits('a'))).toBe(true);
  expect(redis.codes()).toEqual(['spool-not-written', 'spool-written-again']);
  expectBalance(redis, put + 1);
});

type Act = (server: RedisServer) => unknown;

/** Something is wrong with Redis, and is well again. */
const TROUBLES: readonly [name: string, begin: Act, end: Act][] = [
  ['hangs', (server) => server.signal('SIGSTOP'), (server) => server.signal('SIGCONT')],
  [
    'pauses its clients',
    (server) => server.command('CLIENT', 'PAUSE', '600000', 'WRITE'),
    (server) => server.command('CLIENT', 'UNPAUSE'),
  ],
  ['vanishes', (server) => server.kill(), (server) => server.start()],
  [
    'becomes a replica',
    (server) => server.command('REPLICAOF', '127.0.0.1', '1'),
    (server) => server.command('REPLICAOF', 'NO', 'ONE'),
  ],
];

describe.each(TROUBLES)('if Redis %s', (_name, begin, end) => {
  test('hits that are being put and given back arrive once, with one line for its beginning and its end', async () => {
    requires('signals');
    const server = await startRedis('--appendfsync', 'always');
    const redis = await open(server.url);
    await redis.spool.put(hits('abcd'));
    const claim = await redis.spool.claim(4);
    await begin(server);
    const put = redis.spool.put(hits('e'));
    const done = claim?.done({ tracked: 2 }, claim.hits.slice(2));
    await eventually(() => !redis.spool.isUsable);
    expect(await redis.spool.put(hits('f'))).toBe(false);
    expect(await redis.spool.claim(4)).toBeUndefined();
    expect(redis.codes()).toEqual(['spool-not-written']);
    await end(server);
    expect(await done).toBe(true);
    const isPut = await put; // if there is no connection, it is known that it was not sent
    await eventually(() => redis.spool.isUsable);
    if (!isPut) expect(await redis.spool.put(hits('e'))).toBe(true);
    expect([...(await drainAll(redis, 3))].sort().join('')).toBe('cde');
    expect(redis.counts).toMatchObject({ stored: 7, claimed: 7, tracked: 5 });
    expectBalance(redis, 5);
    expect(redis.codes()).toEqual(['spool-not-written', 'spool-written-again']);
  });
});

test('a full Redis is drained; what is given back finds room or stays in memory', async () => {
  const server = await startRedis();
  const redis = await open(server.url);
  await redis.spool.put(hits('ab'));
  await redis.spool.put(hits('cd'));
  await server.command('CONFIG', 'SET', 'maxmemory', '1');
  expect(await redis.spool.put(hits('e'))).toBe(false);
  expect(redis.spool.isUsable).toBe(true);
  const claim = await redis.spool.claim(2);
  expect(await claim?.done({}, claim.hits, true)).toBe(true);
  await drainBulks(redis);
  expect(redis.codes()).toEqual(['spool-not-written']);
  await server.command('CONFIG', 'SET', 'maxmemory', '0');
  expect(await redis.spool.put(hits('e'))).toBe(true);
  expect(await drainBulks(redis)).toEqual(['e']);
  expect(redis.codes()).toEqual(['spool-not-written', 'spool-written-again']);
  expectBalance(redis, 5);
});

test.each([
  ['FLUSHALL', ['FLUSHALL']],
  ['XGROUP DESTROY', ['XGROUP', 'DESTROY', STREAM, 'senders']],
])('after %s, later hits arrive', async (name, command) => {
  const server = await startRedis();
  const redis = await open(server.url);
  await redis.spool.put(hits('ab'));
  const claim = await redis.spool.claim(2);
  await server.command(...command);
  await claim?.done({ tracked: 2 }, []);
  await eventually(async () => {
    await drainBulks(redis);
    return redis.spool.isUsable && (await redis.spool.put(hits('e')));
  });
  expect(await drainAll(redis, 1)).toBe('e');
  expect(redis.codes()).toContain(name === 'FLUSHALL' ? 'spool-lost' : 'spool-not-written');
  expectBalance(redis, 3);
});

/** A Redis behind a wire. */
async function startWired() {
  const server = await startRedis();
  const wire = await startWire(Number(new URL(server.url).port));
  const redis = await open(`redis://127.0.0.1:${wire.port}`);
  return { server, wire, redis };
}

describe('if a reply is lost', () => {
  test('hits are put once', async () => {
    const { wire, redis } = await startWired();
    wire.muteAt('h=a');
    const put = redis.spool.put(hits('ab'));
    await eventually(() => !redis.spool.isUsable);
    wire.play('well');
    expect(await put).toBe(true);
    expect(redis.spool.count + redis.counts.stored).toBe(2);
    expect(await drainAll(redis, 2)).toBe('ab');
    expect(await drainBulks(redis)).toEqual([]);
    expectBalance(redis, 2);
  });

  test('a claim ends once', async () => {
    const { server, wire, redis } = await startWired();
    const other = await open(server.url);
    await redis.spool.put(hits('abcdef'));
    const claim = await redis.spool.claim(6);
    wire.muteAt('XDEL');
    const done = claim?.done({ tracked: 3 }, claim.hits.slice(0, 3));
    await eventually(() => !redis.spool.isUsable);
    wire.play('well');
    expect(await done).toBe(true);
    await eventually(() => redis.spool.isUsable);
    expect(await drainAll(other, 3)).toBe('abc');
    expect(await drainBulks(redis)).toEqual([]);
    expect(redis.counts).toMatchObject({ stored: 9, claimed: 6, tracked: 3 });
    expectBalance(redis, 6);
  });
});

test('a spool of another Matomo is not used, which is logged once, without control characters', async () => {
  const server = await startRedis();
  await server.command('SET', 'matomo-spool:description', 'https://\u001b[2J\n.test/');
  const redis = await openRedisSpool({ place: server.url });
  expect(await redis.spool.put(hits('a'))).toBe(false);
  expect(redis.lines).toEqual([expect.stringMatching(/^(?!.*\p{Cc}).*belongs.*-not-used\]$/u)]);
});

test('without Redis, it is not usable, and no line has a password', async () => {
  const redis = await openRedisSpool({ place: 'redis://user:sesame@127.0.0.1:1/0' });
  expect(redis.spool.isUsable).toBe(false);
  expect(redis.codes()).toEqual(['spool-not-used']);
  expect(redis.hasLogged('sesame')).toBe(false);
  const report = await inspectRedis('redis://user:sesame@127.0.0.1:1/0');
  expect(report.problem).toBe('ECONNREFUSED');
});

test('a lost connection is replaced by one, and none is left after the close', async () => {
  const server = await startRedis();
  const count = async () =>
    String(await server.command('CLIENT', 'LIST'))
      .trim()
      .split('\n').length;
  const others = await count();
  const { spool } = await open(server.url);
  await server.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  await eventually(async () => (await count()) === others);
  const put = () => Promise.all([spool.put([hit('a')]), spool.put([hit('b')])]);
  await eventually(async () => (await put()).every(Boolean));
  expect(await count()).toBe(others + 1);
  const claim = await spool.claim(1);
  await spool.close();
  await claim?.done({ tracked: 1 }, []);
  await eventually(async () => (await count()) === others);
});

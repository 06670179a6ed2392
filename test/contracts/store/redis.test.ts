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
import {
  ALL,
  drainAll,
  drainBulks,
  expectBalance,
  hit,
  hits,
  namesOf,
  SOON_DEAD,
} from './support.js';

async function open(place: string, setup: Partial<RedisSetup> = {}): Promise<Redis> {
  const redis = await openRedisSpool({ place, ...setup });
  await eventually(() => redis.spool.isUsable);
  return redis;
}

describe('a claim', () => {
  test('leaves suspects alone unless they are asked for, and takes one bulk of them', async () => {
    const redis = await open((await startRedis()).url);
    await redis.spool.store(hits('abcd'));
    const claim = await redis.spool.claim(4, 1);
    const [a, b, c, d] = claim?.hits ?? [];
    if (!claim || !a || !b || !c || !d) throw new Error('nothing was claimed');
    const back = [
      { hits: [a], failures: 2 },
      { hits: [b], failures: 3 },
      { hits: [c, d], failures: 100 },
    ];
    expect(await claim.done({}, back)).toBe(true);
    await eventually(() => redis.spool.suspects === 3); // it is measured now and then
    expect(await redis.spool.claim(4, 1)).toBeUndefined();
    const suspect = await redis.spool.claim(4, 99);
    expect([namesOf(suspect?.hits), suspect?.failures]).toEqual(['a', 2]);
    await suspect?.done({}, [suspect]);
    const next = await redis.spool.claim(4, 99);
    expect([namesOf(next?.hits), next?.failures]).toEqual(['b', 3]);
    await next?.done({ rejected: 1 });
    expect(await drainBulks(redis)).toEqual(['a', 'cd']);
    await eventually(() => redis.spool.suspects === 0);
    expectBalance(redis, 4);
  });

  test('that goes on is younger for others', async () => {
    const server = await startRedis();
    const redis = await open(server.url);
    await redis.spool.store(hits('ab'));
    const claim = await redis.spool.claim(10, ALL);
    const idleMillis = async () => {
      const args = ['matomo-spool:hits:token', 'senders', '-', '+', '1'];
      const pending = await server.command('XPENDING', ...args);
      return (pending as [[string, string, number]])[0][2];
    };
    const before = await eventually(async () => {
      const millis = await idleMillis();
      return millis > 1_500 && millis;
    });
    await claim?.touch();
    expect(await idleMillis()).toBeLessThan(before);
  });
});

test('its size, hits, age and suspects are known to all', async () => {
  const { url } = await startRedis();
  const [one, two] = [await open(url), await open(url)];
  expect(two.spool.oldestSeconds).toBe(ALL);
  await one.spool.store(Array.from({ length: 250 }, (_, i) => hit(`n${i}`)));
  await eventually(() => two.spool.hits === 250);
  expect(two.spool.room).toBeLessThan(2 ** 30 - 250 * 10);
  expect(two.spool.oldestSeconds).toBeLessThan(ALL);
  const report = await inspectRedis(url);
  expect(report).toMatchObject({ problem: undefined, hits: 250 });
  expect(report).toMatchObject({ matomoUrl: 'https://matomo.test/matomo.php' });
  expect(report.oldestSeconds).toBe(two.spool.oldestSeconds);
  expect(await drainBulks(two)).toHaveLength(3);
  await eventually(() => one.spool.hits === 0 && one.spool.oldestSeconds === ALL);
});

test('its number of hits is right after somebody has deleted some', async () => {
  const server = await startRedis();
  const redis = await open(server.url);
  for (const name of 'abcde') await redis.spool.store(hits(name));
  const claim = await redis.spool.claim(1, ALL);
  const stream = 'matomo-spool:hits:token';
  const entries = (await server.command('XRANGE', stream, '-', '+')) as [string][];
  await server.command('XDEL', stream, entries[4]?.[0] as string);
  await server.command('XTRIM', stream, 'MINID', entries[2]?.[0] as string);
  await eventually(async () => (await inspectRedis(server.url)).hits === 2);
  await claim?.done({ tracked: 1 });
  expect(await drainBulks(redis)).toEqual(['cd']);
  await eventually(() => redis.spool.hits === 0);
  expect((await inspectRedis(server.url)).hits).toBe(0);
  await redis.spool.store(hits('f'));
  await server.command('UNLINK', stream); // as Redis evicts it
  await eventually(() => redis.spool.hits === 0);
  await redis.spool.store(hits('g'));
  await eventually(() => redis.spool.hits === 1);
  expect(redis.codes()).toEqual([]);
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

test('damaged and foreign entries are counted and removed, others arrive', async () => {
  const server = await startRedis();
  const redis = await open(server.url);
  await redis.spool.store(hits('ab'));
  const stream = 'matomo-spool:hits:token';
  const [[, fields]] = (await server.command('XRANGE', stream, '-', '+')) as [[string, string[]]];
  const line = fields.at(-1) as string;
  await server.command('XADD', stream, '*', 'foreign', 'content');
  await server.command('XADD', stream, '*', 'h', line.replace('h=a', 'h=z'));
  await server.command('XADD', stream, '*', 'f', 'x 1\n', 's', 'y\n1', 'h', '\n\n');
  await server.command('XADD', stream, '*', 'h', `${line}\n${line}`);
  expect(await drainAll(redis, 2)).toBe('ab');
  expect(redis.counts.lost.spool).toBe(4);
  expect(redis.codes()).toEqual(['spool-damaged']);
  expect(await server.command('XLEN', stream)).toBe(0);
  expectBalance(redis, 2);
});

test('a key of another type makes it unusable, with one line, until it is gone', async () => {
  const server = await startRedis();
  const redis = await open(server.url);
  await server.command('SET', 'matomo-spool:hits:token', 'foreign');
  await eventually(() => !redis.spool.isUsable);
  expect(await redis.spool.store(hits('a'))).toBe(0);
  await server.command('DEL', 'matomo-spool:hits:token');
  await eventually(() => redis.spool.isUsable);
  expect(await redis.spool.store(hits('a'))).toBe(1);
  expect(await drainBulks(redis)).toEqual(['a']);
  expect(redis.codes()).toEqual(['spool-not-written', 'spool-written-again']);
});

test('a full spool takes hits again when there is room', async () => {
  const redis = await open((await startRedis()).url, { maxBytes: 20_000 });
  const long = 'x'.repeat(1_000);
  let put = 0;
  for (let i = 0; i < 30; i++) put += await redis.spool.store([hit(`${i}${long}`)]);
  expect(put).toBeLessThan(20);
  expect(redis.codes()).toEqual(['spool-not-written']);
  expect(await drainBulks(redis)).not.toEqual([]);
  expect(redis.spool.isUsable).toBe(false);
  await eventually(() => redis.spool.isUsable);
  expect(await redis.spool.store(hits('a'))).toBe(1);
  await eventually(() => redis.codes().length === 2);
  expect(redis.codes()).toEqual(['spool-not-written', 'spool-written-again']);
  expectBalance(redis, put + 1);
});

test('what was moved behind others keeps its age', async () => {
  const { url } = await startRedis();
  const redis = await open(url);
  await redis.spool.store(hits('ab'));
  const storedMillis = Date.now();
  const claim = await redis.spool.claim(10, ALL);
  await eventually(() => Date.now() > storedMillis + 1_000);
  await claim?.done({}, [{ ...claim, failures: 1 }]);
  const strict = await open(url, { maxAgeMillis: 900 });
  await strict.spool.store(hits('c'));
  expect(await drainBulks(strict)).toEqual(['c']);
  expect(strict.counts).toMatchObject({ claimed: 3, lost: { expired: 2 } });
  expect(strict.codes()).toEqual(['expired']);
});

test('a user without INFO can use it', async () => {
  const server = await startRedis();
  const rules = ['on', '>sesame', '~*', '+@all', '-@dangerous'];
  await server.command('ACL', 'SETUSER', 'shop', ...rules);
  const redis = await open(server.url.replace('//', '//shop:sesame@'));
  expect(await redis.spool.store(hits('a'))).toBe(1);
  expect(await drainBulks(redis)).toEqual(['a']);
  expect(redis.codes()).toEqual([]);
});

/** Something is wrong with Redis, and is well again. */
const TROUBLES: readonly [
  name: string,
  begin: (server: RedisServer) => unknown,
  end: (server: RedisServer) => unknown,
][] = [
  [
    'hangs',
    (server) => {
      requires('signals');
      server.signal('SIGSTOP');
    },
    (server) => server.signal('SIGCONT'),
  ],
  ['vanishes', (server) => server.kill(), (server) => server.start()],
  [
    'becomes a replica',
    (server) => server.command('REPLICAOF', '127.0.0.1', '1'),
    (server) => server.command('REPLICAOF', 'NO', 'ONE'),
  ],
];

describe.each(TROUBLES)('if Redis %s', (_name, begin, end) => {
  test('hits that are being stored, claimed and given back arrive once, with one line for its beginning and its end', async () => {
    const server = await startRedis('--appendfsync', 'always');
    const redis = await open(server.url, { limits: { operationMillis: 2_000 } });
    await redis.spool.store(hits('abcd'));
    const claim = await redis.spool.claim(4, ALL);
    await begin(server);
    const stored = await redis.spool.store(hits('e'));
    const back = { hits: claim?.hits.slice(2) ?? [], failures: 0 };
    expect(await claim?.done({ tracked: 2 }, [back])).toBe(true);
    await eventually(() => !redis.spool.isUsable);
    expect(await redis.spool.store(hits('f'))).toBe(0);
    expect(await redis.spool.claim(4, ALL)).toBeUndefined();
    expectBalance(redis, 4 + stored);
    expect(redis.codes()).toEqual(['spool-not-written']);
    await end(server);
    await eventually(() => redis.spool.isUsable);
    if (stored === 0) expect(await redis.spool.store(hits('e'))).toBe(1);
    expect([...(await drainAll(redis, 3))].sort().join('')).toBe('cde');
    expect(redis.counts).toMatchObject({ stored: 7, claimed: 7, tracked: 5 });
    expectBalance(redis, 5);
    await eventually(() => redis.codes().length === 2);
    expect(redis.codes()).toEqual(['spool-not-written', 'spool-written-again']);
  });
});

test('what begins while it is measured is not ended by that', async () => {
  const server = await startRedis();
  const wire = await startWire(Number(new URL(server.url).port));
  const redis = await open(`redis://127.0.0.1:${wire.port}`);
  await redis.spool.store(hits('a'));
  wire.delay('READONLY');
  await server.command('REPLICAOF', '127.0.0.1', '1');
  expect(await redis.spool.store(hits('b'))).toBe(0);
  await eventually(() => !redis.spool.isUsable);
  expect(redis.codes()).toEqual(['spool-not-written']);
  await server.command('REPLICAOF', 'NO', 'ONE');
  await eventually(() => redis.codes().length === 2);
  expect(redis.codes()).toEqual(['spool-not-written', 'spool-written-again']);
});

test('a full Redis is drained, and then not used; what is given back finds room', async () => {
  const server = await startRedis();
  const redis = await open(server.url);
  await redis.spool.store(hits('ab'));
  await redis.spool.store(hits('cd'));
  await server.command('CONFIG', 'SET', 'maxmemory', '1');
  expect(await redis.spool.store(hits('e'))).toBe(0);
  expect(redis.spool.isUsable).toBe(true);
  const claim = await redis.spool.claim(2, ALL);
  expect(await claim?.done({}, [{ ...claim, failures: 1 }])).toBe(true);
  expect(await drainBulks(redis)).toEqual(['cd', 'ab']);
  expect(redis.spool.isUsable).toBe(false);
  expect(redis.codes()).toEqual(['spool-not-written']);
  await server.command('CONFIG', 'SET', 'maxmemory', '0');
  await eventually(() => redis.spool.isUsable);
  expect(await redis.spool.store(hits('e'))).toBe(1);
  expect(await drainBulks(redis)).toEqual(['e']);
  expect(redis.codes()).toEqual(['spool-not-written', 'spool-written-again']);
  expectBalance(redis, 5);
});

const DELETIONS: readonly [name: string, run: (server: RedisServer) => unknown, left: string][] = [
  ['FLUSHALL', (server) => server.command('FLUSHALL'), ''],
  [
    'XGROUP DESTROY',
    (server) => server.command('XGROUP', 'DESTROY', 'matomo-spool:hits:token', 'senders'),
    'bcd',
  ],
];

test.each(DELETIONS)(
  'after %s, a claim that was open ends, one line says so, and later hits arrive',
  async (_name, run, left) => {
    const server = await startRedis();
    const redis = await open(server.url);
    await redis.spool.store(hits('ab'));
    await redis.spool.store(hits('cd'));
    const claim = await redis.spool.claim(2, ALL);
    await run(server);
    await claim?.done({ tracked: 1 }, [{ hits: claim.hits.slice(1), failures: 0 }]);
    await eventually(
      async () => redis.spool.isUsable && (await redis.spool.store(hits('e'))) === 1,
    );
    expect(await drainAll(redis, left.length + 1)).toBe(`${left}e`);
    await eventually(() => redis.codes().includes('spool-lost'));
    await eventually(() => redis.spool.isUsable);
    expect(redis.codes()).toEqual(['spool-lost']);
    expectBalance(redis, 5);
  },
);

/** A Redis behind a wire. */
async function startWired() {
  const server = await startRedis();
  const wire = await startWire(Number(new URL(server.url).port));
  const redis = await open(`redis://127.0.0.1:${wire.port}`, {
    limits: { operationMillis: 2_000 },
  });
  return { server, wire, redis };
}

describe('if a reply is lost', () => {
  test('hits are stored once', async () => {
    const { wire, redis } = await startWired();
    wire.muteAt('h=a');
    expect(await redis.spool.store(hits('ab'))).toBe(2);
    expect(redis.spool.count).toBe(2);
    expectBalance(redis, 2);
    wire.play('well');
    await eventually(() => redis.spool.isUsable);
    expect(redis.spool.count).toBe(0);
    expect(redis.counts.stored).toBe(2);
    expect(await drainBulks(redis)).toEqual(['ab']);
    expectBalance(redis, 2);
  });

  test('what was claimed can be claimed again, and what dead processes were sending is counted', async () => {
    const { server, wire, redis } = await startWired();
    const dead = await open(server.url);
    await dead.spool.store(hits('x'));
    await dead.spool.claim(1, ALL);
    await dead.spool.close();
    await redis.spool.store(hits('ab'));
    const heir = await openRedisSpool({
      place: `redis://127.0.0.1:${wire.port}`,
      ...SOON_DEAD,
      limits: { deadMillis: 50, operationMillis: 2_000 },
    });
    await eventually(async () => {
      const idle = await server.command(
        'XPENDING',
        'matomo-spool:hits:token',
        'senders',
        'IDLE',
        '60',
        '-',
        '+',
        '9',
      );
      return (idle as unknown[]).length === 1;
    });
    wire.muteAt('XREADGROUP');
    expect(await heir.spool.claim(10, ALL)).toBeUndefined();
    expect(heir.counts.lost.unconfirmed).toBe(0);
    wire.play('well');
    await eventually(() => heir.spool.isUsable);
    expect(await drainAll(heir, 2)).toBe('ab');
    expect(heir.counts.lost.unconfirmed).toBe(1);
    expectBalance(heir, 0);
  });

  test('what was given back is not taken from who has claimed it since', async () => {
    const { server, wire, redis } = await startWired();
    const other = await open(server.url);
    await redis.spool.store(hits('ab'));
    const claim = await redis.spool.claim(2, ALL);
    await eventually(() => redis.spool.isUsable);
    wire.muteAt('XDEL');
    expect(await claim?.done({}, [claim])).toBe(true);
    const next = await eventually(() => other.spool.claim(2, ALL));
    wire.play('well');
    await eventually(() => redis.spool.isUsable && redis.spool.count === 0);
    expect(await redis.spool.claim(2, ALL)).toBeUndefined();
    expect(await next.done({ tracked: 2 })).toBe(true);
    expectBalance(redis, 2);
    expectBalance(other, 0);
  });

  test('a claim ends once', async () => {
    const { server, wire, redis } = await startWired();
    const other = await open(server.url);
    await redis.spool.store(hits('abcdef'));
    const claim = await redis.spool.claim(6, ALL);
    const back = [
      { hits: claim?.hits.slice(0, 2) ?? [], failures: 1 },
      { hits: claim?.hits.slice(2, 3) ?? [], failures: 2 },
    ];
    wire.muteAt('XDEL');
    expect(await claim?.done({ tracked: 3 }, back)).toBe(true);
    wire.play('well');
    await eventually(() => redis.spool.isUsable && redis.spool.count === 0);
    expect(await drainAll(other, 3)).toBe('abc');
    expect(await drainBulks(redis)).toEqual([]);
    expect(redis.counts).toMatchObject({ stored: 9, claimed: 6, tracked: 3 });
    expectBalance(redis, 6);
  });
});

test('hits whose reply was lost are stored once also by a Redis that is full then', async () => {
  const { server, wire, redis } = await startWired();
  await redis.spool.store(hits('x'));
  wire.play('dead');
  expect(await redis.spool.store(hits('ab'))).toBe(2);
  await server.command('CONFIG', 'SET', 'maxmemory', '1');
  wire.play('well');
  await eventually(() => redis.spool.isUsable);
  expect(await redis.spool.store(hits('c'))).toBe(0);
  expect(await drainBulks(redis)).toEqual(['x']);
  expectBalance(redis, 3);
  await server.command('CONFIG', 'SET', 'maxmemory', '0');
  await eventually(async () => (await redis.spool.store(hits('c'))) === 1);
  expect(await drainBulks(redis)).toEqual(['abc']);
  expectBalance(redis, 4);
});

test('a Redis that hangs is named as the cause, also if several commands wait for it', async () => {
  const { wire, redis } = await startWired();
  wire.play('dead');
  const begun = performance.now();
  await eventually(() => performance.now() > begun + 100); // so that its size is being read
  await redis.spool.store(hits('a'));
  expect(redis.codes()).toEqual(['spool-not-written']);
  expect(redis.hasLogged('2000 ms')).toBe(true);
});

test('a process that ends without Redis counts what may be stored as lost', async () => {
  const { wire, redis } = await startWired();
  wire.muteAt('h=a');
  expect(await redis.spool.store(hits('ab'))).toBe(2);
  await redis.spool.close();
  expect(redis.counts.lost.spool).toBe(2);
  expect(redis.codes()).toContain('spool-lost');
  expectBalance(redis, 2);
});

test('a spool of another Matomo is not used, which is logged once', async () => {
  const { url } = await startRedis();
  await open(url);
  const other = await openRedisSpool({ place: url, matomoUrl: 'https://two.test/matomo.php' });
  expect(other.spool.isUsable).toBe(false);
  expect(await other.spool.store(hits('a'))).toBe(0);
  expect(other.codes()).toEqual(['spool-not-used']);
  expect(other.hasLogged('https://matomo.test/matomo.php')).toBe(true);
});

test('a policy that evicts streams is logged once', async () => {
  const { url } = await startRedis('--maxmemory-policy', 'allkeys-lru');
  const redis = await open(url);
  expect(redis.codes()).toEqual(['spool-lost']);
  expect(redis.hasLogged('allkeys-lru')).toBe(true);
});

test('without Redis, it is not usable, and no line has a password', async () => {
  const redis = await openRedisSpool({ place: 'redis://user:sesame@127.0.0.1:1/0' });
  expect(redis.spool.isUsable).toBe(false);
  expect(redis.codes()).toEqual(['spool-not-written']);
  expect(redis.hasLogged('sesame')).toBe(false);
  const report = await inspectRedis('redis://user:sesame@127.0.0.1:1/0');
  expect(report.problem).toBe('ECONNREFUSED');
});

test('nothing but streams, the description and a shared key is kept for ever', async () => {
  const server = await startRedis();
  const redis = await open(server.url);
  await redis.spool.store(hits('ab'));
  await redis.spool.claim(1, ALL);
  const lasting = new Set<string>();
  for (const key of (await server.command('KEYS', '*')) as string[])
    if ((await server.command('TTL', key)) === -1) lasting.add(key);
  const names = ['description', 'hits:token'];
  expect(lasting).toEqual(new Set(names.map((name) => `matomo-spool:${name}`)));
});

import { expect, test } from 'vitest';
import { openRedisSpool } from '../../contracts/doors/redis-store.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { requires } from '../../support/skips.js';
import { sorted } from '../../support/sorted.js';
import { hit, runShell, shellOf, visitorsIn } from './commands.js';
import { codeIn, read, rowsWith } from './pages.js';

requires('redis-cli');

const STREAM = 'matomo-spool:hits:token';
const PAGE = 'docs/spool.md';
const READ = 'How do I count and read hits in Redis?';
const DELETE = 'How do I delete hits in Redis?';
const [FUNCTIONS = '', COUNT = ''] = shellOf(PAGE, READ);
const [DELETE_ALL = ''] = shellOf(PAGE, DELETE);

/** Runs commands of the page for a Redis. */
const run = (commands: string, { url }: RedisServer) =>
  runShell(FUNCTIONS + commands, { env: { MATOMO_SPOOL: url } });

const keysIn = async (redis: RedisServer) => sorted((await redis.command('KEYS', '*')) as string[]);

test('the page has all keys', async () => {
  const redis = await startRedis();
  const { spool } = await openRedisSpool({ place: redis.url });
  await spool.put([hit('a')]);
  const listed = rowsWith(PAGE, 'key').flatMap(({ key = '' }) => codeIn(key));
  const documented = listed.map((key) => key.replace(/<.*>/, '[^:]+')).join('|');
  const known = RegExp(`^(?:(?:${documented})(?::token)?|matomo-spool:probe)$`);
  const keys = await keysIn(redis);
  expect(keys).toContain('matomo-spool:hits:token');
  expect(keys.filter((key) => !known.test(key))).toEqual([]);
  await redis.command('SET', 'another', '1');
  const [, pattern = ''] = /--scan --pattern '(\S+)'/.exec(read('docs/versions.md')) ?? [];
  const found = (await redis.command('KEYS', pattern)) as string[];
  expect(['another', ...sorted(found)]).toEqual(await keysIn(redis));
});

test('the commands count hits, those that are sent included, and print them without control characters', async () => {
  const redis = await startRedis();
  const first = await openRedisSpool({ place: redis.url });
  const second = await openRedisSpool({ place: redis.url, hasToken: false });
  await first.spool.put([hit('a'), hit('b'), hit('c')]);
  await second.spool.put([hit('d')]);
  await first.spool.claim(1);
  await redis.command('XADD', STREAM, '*', 'h', '\u001b[2Jforeign\u0007');
  const [count, ...lines] = await run(COUNT, redis);
  expect(count).toBe('4');
  const queries = lines.flatMap((line) => / 1 - c \w+ (\?.*)$/.exec(line)?.[1] ?? []);
  expect(queries).toEqual(['a', 'b', 'c'].map((visitor) => hit(visitor).query));
  expect(lines.at(-1)).toBe('[2Jforeign');
});

test('entries are deleted while processes run, all or old ones', async () => {
  const redis = await startRedis();
  const { spool, codes } = await openRedisSpool({ place: redis.url });
  for (const visitor of ['old', 'new']) await spool.put([hit(visitor)]);
  const entries = async () => (await redis.command('XRANGE', STREAM, '-', '+')) as [string][];
  const [, latest] = await entries();
  const [old = '', all = ''] = DELETE_ALL.split('\n');
  await run(old.replace('1795176000000', latest?.[0] as string), redis);
  expect(await entries()).toEqual([latest]);
  await run(all, redis);
  expect(await redis.command('XLEN', STREAM)).toBe(0);
  await spool.put([hit('newest')]);
  expect(await visitorsIn(spool)).toEqual(['newest']);
  expect(codes()).toEqual([]);
});

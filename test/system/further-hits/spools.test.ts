import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { trackEvent } from '../../../src/index.js';
import { startInspector } from '../../../src/inspector/index.js';
import { ROOT } from '../../support/child-process.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { linesIn, temporaryFolder } from '../../support/spool.js';
import { startTracedService, until } from '../../support/traced-service.js';

const SPOOLED = { scheduledDelayMillis: 60_000, maxExportBatchSize: 4 };

test.each(['file', 'redis'])(
  'through a %s spool: the page view, its further hits, the next request; bulks of maxExportBatchSize',
  async (kind) => {
    const spool = kind === 'file' ? temporaryFolder() : (await startRedis()).url;
    const service = await startTracedService(
      (request, response) => {
        for (let i = 0; i < 3; i++) trackEvent(request.url ?? '', String(i));
        response.end('ok');
      },
      { ...SPOOLED, spool },
    );
    for (const path of ['/one', '/two', '/three']) await service.fetch(path);
    await until(() => service.processor.stats().spooled === 12);
    const seen = (await service.hits()).map(({ params }) =>
      params.e_c ? `${params.e_c} ${params.e_a}` : params.action_name,
    );
    const of = (n: string) => [`GET /${n}`, ...[0, 1, 2].map((i) => `/${n} ${i}`)];
    expect(seen).toEqual([...of('one'), ...of('two'), ...of('three')]);
    expect(service.processor.stats()).toMatchObject({
      hits: 12,
      furtherHits: 9,
      tracked: 12,
      pending: 0,
      spooled: 0,
    });
  },
);

test('with a file spool a further hit is on disk while its request goes on', async () => {
  const folder = temporaryFolder();
  let end: (() => void) | undefined;
  const service = await startTracedService(
    (_request, response) => {
      trackEvent('stream', 'begun');
      response.write('first');
      end = () => response.end();
    },
    { ...SPOOLED, spool: folder },
  );
  const answer = service.fetch('/');
  await until(() => linesIn(folder).length === 1);
  expect(linesIn(folder)[0]).toMatch(/ page 1 [\da-f]{16} \?idsite=1&.*e_c=stream/);
  end?.();
  await answer;
  await until(() => service.processor.stats().spooled === 2);
});

/** A segment that version 0.1 wrote, and what that version reads of a line. */
const SEGMENT = '0001795176000000-4711-0a1b2c3d-000001.hits';
const HEAD_OF_0_1 = /^[\da-f]{8} (\d+(?:\.\d+)?) (page|crash) \d+ (\S*) \?idsite=/;

test('a spool of version 0.1 is drained, and what is stored now is what that version reads', async () => {
  const folder = temporaryFolder();
  cpSync(join(ROOT, 'test/fixtures/spool-0.1', SEGMENT), join(folder, SEGMENT));
  const service = await startTracedService(
    (_request, response) => {
      trackEvent('new', 'one');
      response.end('ok');
    },
    { ...SPOOLED, spool: folder, tokenAuth: 'a-token', maxSpoolAgeMillis: 366 * 86_400_000 },
  );
  await service.fetch('/new');
  const ownLines = () => linesIn(folder).filter((line) => line.includes('127.0.0.1'));
  await until(() => ownLines().length === 2);
  expect(ownLines().map((line) => HEAD_OF_0_1.exec(line)?.[2])).toEqual(['page', 'page']);
  await until(() => service.processor.stats().adopted === 3);
  const titles = (await service.hits()).map(({ stored }) => stored?.title ?? stored?.type);
  expect(new Set(titles)).toEqual(new Set(['GET /a', 'GET /b', 'GET /c', 'GET /new', 'event']));
  expect(service.processor.stats()).toMatchObject({ hits: 2, adopted: 3, tracked: 5, pending: 0 });
});

/** What Redis held when version 0.1 had stored three hits and ended without reaching Matomo, as commands. */
const REDIS_OF_0_1 = JSON.parse(
  readFileSync(join(ROOT, 'test/fixtures/spool-0.1/redis.json'), 'utf8'),
) as string[][];

const HITS = 'matomo-spool:hits:0';

/** Names of keys, the same for every process that opens a spool. */
async function keysOf(redis: RedisServer): Promise<Set<string>> {
  const keys = (await redis.command('KEYS', '*')) as string[];
  return new Set(keys.map((key) => key.replace(/^(matomo-spool:process:).*/, '$1')));
}

test('a Redis of version 0.1 is drained, and what is stored now is what that version reads', async () => {
  const redis = await startRedis();
  const inspector = await startInspector();
  onTestFinished(() => inspector.close());
  for (const command of REDIS_OF_0_1) {
    await redis.command(
      ...command.map((part) => part.replace('MATOMO_URL', `${inspector.url}/matomo.php`)),
    );
  }
  const keysOf0_1 = await keysOf(redis);
  inspector.play({ status: 503 });
  const service = await startTracedService(
    (_request, response) => {
      trackEvent('new', 'one');
      response.end('ok');
    },
    { ...SPOOLED, url: inspector.url, spool: redis.url, maxSpoolAgeMillis: 366 * 86_400_000 },
  );
  await service.fetch('/new');
  await until(() => service.processor.stats().spooled === 2);
  const entries = (await redis.command('XRANGE', HITS, '-', '+')) as [string, string[]][];
  expect(entries).toHaveLength(5);
  for (const [, [p, , h, line = '', ...others]] of entries) {
    expect({ p, h, others }).toEqual({ p: 'p', h: 'h', others: [] });
    expect(HEAD_OF_0_1.exec(line)?.[2]).toBe('page');
  }
  expect(await keysOf(redis)).toEqual(keysOf0_1.add('matomo-spool:sender:0'));

  inspector.play();
  await until(() => {
    void service.processor.forceFlush();
    return service.processor.stats().tracked === 5;
  });
  const titles = inspector.hits().map(({ stored }) => stored?.title ?? stored?.type);
  expect(new Set(titles)).toEqual(new Set(['GET /a', 'GET /b', 'GET /c', 'GET /new', 'event']));
  expect(service.processor.stats()).toMatchObject({ hits: 2, adopted: 3, tracked: 5, pending: 0 });
});

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { DailyKeys, StableKey } from '../../../src/common/visitor-keys.js';
import { BatchQueue } from '../../../src/delivery/queue/batch-queue.js';
import { MemoryQueue } from '../../../src/delivery/queue/memory-queue.js';
import { keepKeys } from '../../../src/delivery/spool/file/spool-folder.js';
import { MatomoSpanExporter } from '../../../src/span-exporter.js';
import { serverSpan } from '../../support/builders.js';
import { eventually } from '../../support/child-process.js';
import { collectDiagnostics } from '../../support/diagnostics.js';
import { startMatomo } from '../../support/matomo.js';
import { captureOutput } from '../../support/output.js';
import { startRedis } from '../../support/redis-server.js';
import { openSpool } from '../../support/spool.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const DAY_MILLIS = 86_400_000;
const NOON = Date.UTC(2026, 10, 20, 12);
const TODAY = Math.floor(NOON / DAY_MILLIS);

function dailyKeys(): DailyKeys {
  const keys = new DailyKeys();
  onTestFinished(() => keys.close());
  return keys;
}

const exported = (keys: DailyKeys, day: number) => keys.keyOf(day)?.export().toString('hex');

test('processes with one folder share the key of the day; those of other days are deleted', () => {
  vi.useFakeTimers({ now: NOON, toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const folder = temporaryFolder();
  keepKeys(folder, new StableKey());
  writeFileSync(join(folder, 'visitor-2026-11-18.key'), 'old');
  const [one, other] = [dailyKeys(), dailyKeys()];
  for (const keys of [one, other]) keepKeys(folder, keys);
  expect(readdirSync(folder)).toEqual(['visitor-2026-11-20.key']);
  expect(exported(one, TODAY)).toBe(exported(other, TODAY));
  expect(readFileSync(join(folder, 'visitor-2026-11-20.key'), 'utf8')).toBe(
    `${exported(one, TODAY)}\n`,
  );

  vi.setSystemTime(NOON + DAY_MILLIS / 2 - 1);
  for (const keys of [one, other]) keepKeys(folder, keys);
  expect(readdirSync(folder)).toEqual(['visitor-2026-11-20.key', 'visitor-2026-11-21.key']);
  vi.setSystemTime(NOON + DAY_MILLIS);
  expect(exported(one, TODAY + 1)).toBe(exported(other, TODAY + 1));
  keepKeys(folder, one);
  expect(readdirSync(folder)).toEqual(['visitor-2026-11-21.key']);
});

test('a process shares the key that it has used before its spool', () => {
  const folder = temporaryFolder();
  const [one, other] = [dailyKeys(), dailyKeys()];
  const [day = 0] = one.days;
  const used = exported(one, day);
  for (const keys of [one, other]) keepKeys(folder, keys);
  expect(exported(other, day)).toBe(used);
});

test('a key that a folder cannot store at first is stored as soon as it can', async () => {
  const folder = temporaryFolder();
  const keys = dailyKeys();
  const paths = keys.days.map((day) => {
    const date = new Date(day * DAY_MILLIS).toISOString().slice(0, 10);
    return join(folder, `visitor-${date}.key`);
  });
  for (const path of paths) mkdirSync(path);
  const { diagnostics, logged } = collectDiagnostics();
  const times = { beatMillis: 20, deadMillis: 30_000 };
  const spool = openSpool({ folder, times, keys }, diagnostics);
  const memory = new MemoryQueue(1);
  const parts = { memory, queue: new BatchQueue(1), isFresh: () => true, maxQueueSize: 1 };
  spool.start({ ...parts, onInterval: () => undefined });
  onTestFinished(() => spool.close());
  await eventually(() => logged.length > 0);
  expect(logged).toEqual([expect.stringMatching(/\[spool-visitor-key\]$/)]);
  for (const path of paths) rmdirSync(path);
  await eventually(() => paths.every((path) => existsSync(path)));
});

/** The visitor IDs of one client in exporters that are alive at the same time, and what they print. */
async function visitorsOf(options: { spool?: string; tokenAuth?: string }) {
  const output = captureOutput();
  const inspector = await startMatomo();
  const exporters = [1, 2].map(
    () =>
      new MatomoSpanExporter({
        ...options,
        url: inspector.url,
        siteId: 1,
        visitorKey: 'daily',
        scheduledDelayMillis: 0,
      }),
  );
  for (const exporter of exporters) {
    onTestFinished(() => exporter.shutdown());
    exporter.export([serverSpan('/a', { 'client.address': '192.0.2.1' })], () => undefined);
  }
  await eventually(() => inspector.hits().length === 2);
  return { ids: new Set(inspector.hits().map(({ params }) => params.cid)), output };
}

test('without a spool, processes do not share the key, and one line is logged', async () => {
  const { ids, output } = await visitorsOf({ tokenAuth: 'a-token' });
  expect(ids.size).toBe(2);
  expect(output).toEqual(Array(2).fill(expect.stringMatching(/\[visitor-key-not-shared\]\n$/)));
});

test('with a folder, they share it', async () => {
  const folder = temporaryFolder();
  const { ids, output } = await visitorsOf({ spool: folder, tokenAuth: 'a-token' });
  expect(ids.size).toBe(1);
  expect(output).toEqual([]);
  const names = readdirSync(folder).filter((name) => name.endsWith('.key'));
  expectDays(names, /^visitor-\d{4}-\d\d-\d\d\.key$/);
});

/** In the first hour of a day there is a key of the day before, too. */
function expectDays(names: string[], form: RegExp) {
  expect([1, 2]).toContain(names.length);
  for (const name of names) expect(name).toMatch(form);
}

test('with a Redis, they share it; it expires, and the key that does not change is deleted', async () => {
  const redis = await startRedis();
  await redis.command('SET', 'matomo-spool:visitor-key', '00');
  const { ids, output } = await visitorsOf({ spool: redis.url });
  expect(ids.size).toBe(1);
  expect(output).toEqual([]);
  const names = (await redis.command('KEYS', 'matomo-spool:visitor-key*')) as string[];
  expectDays(names, /^matomo-spool:visitor-key:\d{5}$/);
  for (const name of names) {
    const end = (Number(name.split(':').at(-1)) + 1) * 86_400 + 3600;
    const [now] = (await redis.command('TIME')) as [string, string];
    const left = (await redis.command('TTL', name)) as number;
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(end - Number(now) + 1);
  }
});

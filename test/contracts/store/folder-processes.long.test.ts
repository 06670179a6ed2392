import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { sampled } from '../../support/long.js';
import { seededRandom } from '../../support/seed.js';
import { requires } from '../../support/skips.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { type FolderProcess, startFolderProcess } from '../doors/folder-process.js';
import { openFolderSpool } from '../doors/folder-store.js';

const KILLS = sampled(10, 50);
const STOPS = sampled(5, 15);
const PROCESSES = sampled(3, 8);
const BULK_HITS = 10;
const DEAD_MILLIS = 2_000;
const ALL = Number.POSITIVE_INFINITY;
/** How often processes store hits in a simulation. */
const STEP_SECONDS = 2;
const PATIENCE = { timeoutMillis: 120_000 };

const spoolFiles = (place: string) => readdirSync(place).filter((name) => /^\d/.test(name));

const hits = (count: number) =>
  Array.from({ length: count }, () => ({
    ...{ visitor: 'v', startSeconds: 1_800_000_000, query: '?h=a', site: 1 },
    kind: 'page' as const,
  }));

/** Waits until all is sent, and compares what was stored with what was sent. At most so many bulks have an unknown result. */
async function settle(
  place: string,
  all: readonly FolderProcess[],
  alive: readonly FolderProcess[],
  bulks: number,
): Promise<void> {
  for (const one of alive) {
    const [came, known] = await one.end();
    expect(came).toBe(known);
  }
  const last = startFolderProcess(place, { DEAD_MILLIS: String(DEAD_MILLIS) });
  await eventually(() => spoolFiles(place).length === 0, {
    ...PATIENCE,
    describe: () => spoolFiles(place).join(' '),
  });
  const [came, known] = await last.end();
  expect(came).toBe(known);
  const stored = all.flatMap((one) => one.stored());
  const sent = [...all, last].flatMap((one) => one.sent());
  expect(stored.length).toBeGreaterThan(1_000);
  expect(new Set(sent).size).toBe(sent.length);
  const arrived = new Set(sent);
  const missing = stored.filter((name) => !arrived.has(name));
  expect(missing.length).toBeLessThanOrEqual(bulks * BULK_HITS);
}

test(`${KILLS} kills of processes that share a folder lose nothing but bulks in flight, and repeat nothing`, async () => {
  const random = seededRandom();
  const place = temporaryFolder();
  const env = { DEAD_MILLIS: String(DEAD_MILLIS), RATE: '10' };
  const start = () => startFolderProcess(place, env);
  const all = Array.from({ length: PROCESSES }, start);
  const alive = [...all];
  for (let kill = 0; kill < KILLS; kill++) {
    await eventually(() => alive.every((one) => one.sent().length > 0), PATIENCE);
    await wait(random() * 500); // so that it is killed at any instant
    const index = Math.floor(random() * alive.length);
    const victim = alive[index] as FolderProcess;
    victim.signal('SIGKILL');
    await victim.closed;
    const next = start();
    alive[index] = next;
    all.push(next);
  }
  await settle(place, all, alive, KILLS);
});

test(`processes that stand still for longer than dead ones do, ${STOPS} times, lose nothing without a count, and repeat nothing`, async () => {
  requires('signals');
  const random = seededRandom();
  const place = temporaryFolder();
  const env = { DEAD_MILLIS: String(DEAD_MILLIS), RATE: '10' };
  const all = [1, 2, 3].map(() => startFolderProcess(place, env));
  for (let stop = 0; stop < STOPS; stop++) {
    await eventually(() => all.every((one) => one.sent().length > 0), PATIENCE);
    await wait(random() * 200); // so that it is stopped at any instant
    const victim = all[Math.floor(random() * all.length)] as FolderProcess;
    victim.signal('SIGSTOP');
    await wait(DEAD_MILLIS * 1.2);
    victim.signal('SIGCONT');
  }
  await settle(place, all, all, STOPS);
});

test('100,000 files: names are listed so rarely that it takes a small part of the time', async () => {
  const place = temporaryFolder();
  mkdirSync(place, { recursive: true });
  const { spool } = openFolderSpool({ place, limits: { listMillis: 1 } });
  await spool.claim(1, 0);
  const now = Date.now();
  for (let i = 0; i < 100_000; i++)
    writeFileSync(join(place, `2-${now - i}-0123abcd-${i}.0-1.hits`), '');
  const listing = process.cpuUsage();
  readdirSync(place);
  const { user, system } = process.cpuUsage(listing);
  const listMicros = user + system;
  await eventually(async () => {
    await spool.claim(1, 0);
    return spool.suspects === 100_000;
  }, PATIENCE);
  // With each look, each time would cost more than reading the names.
  const looks = 1_000;
  const before = process.cpuUsage();
  for (let i = 0; i < looks; i++) {
    await spool.claim(1, 0);
    await wait(1);
  }
  const used = process.cpuUsage(before);
  expect(used.user + used.system).toBeLessThan((looks * listMicros) / 5);
});

test.each([1, 8])(
  'an outage of an hour at 50 hits a second leaves fewer than 400 files, processes: %i',
  async (processes) => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const place = temporaryFolder();
    const spools = Array.from({ length: processes }, () => openFolderSpool({ place }).spool);
    for (let seconds = 0; seconds < 3_600; seconds += STEP_SECONDS) {
      for (const spool of spools) {
        await spool.store(hits(Math.ceil((50 * STEP_SECONDS) / processes)));
        if (seconds % 60 > 0) continue;
        const claim = await spool.claim(100, ALL);
        await claim?.giveBack(claim.hits, claim.failures);
        await claim?.done({});
      }
      vi.advanceTimersByTime(STEP_SECONDS * 1_000);
    }
    expect(spools[0]?.hits).toBeGreaterThanOrEqual(50 * 3_600);
    expect(spoolFiles(place).length).toBeLessThan(400);
  },
);

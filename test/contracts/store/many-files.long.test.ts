import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { openFolderSpool } from '../doors/folder-store.js';

const ALL = Number.POSITIVE_INFINITY;
/** How often processes store hits in a simulation. */
const STEP_SECONDS = 5;
const PATIENCE = { timeoutMillis: 120_000 };

const spoolFiles = (place: string) => readdirSync(place).filter((name) => /^\d/.test(name));

const hits = (count: number) =>
  Array.from({ length: count }, () => ({
    ...{ visitor: 'v', startSeconds: 1_800_000_000, query: '?h=a', site: 1 },
    kind: 'action' as const,
  }));

test('20,000 files: names are listed so rarely that it takes a small part of the time', async () => {
  const place = temporaryFolder();
  mkdirSync(place, { recursive: true });
  const { spool } = openFolderSpool({ place, limits: { listMillis: 1 } });
  await spool.claim(1, 0);
  const now = Date.now();
  for (let i = 0; i < 20_000; i++)
    writeFileSync(join(place, `2-${now - i}-0123abcd-${i}.0-1.hits`), '');
  const listing = process.cpuUsage();
  readdirSync(place);
  const { user, system } = process.cpuUsage(listing);
  const listMicros = user + system;
  await eventually(async () => {
    await spool.claim(1, 0);
    return spool.suspects === 20_000;
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

test('an outage of half an hour at 50 hits a second leaves fewer than 200 files of 8 processes', async () => {
  const processes = 8;
  vi.useFakeTimers({ toFake: ['Date', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const place = temporaryFolder();
  const spools = Array.from({ length: processes }, () => openFolderSpool({ place }).spool);
  for (let seconds = 0; seconds < 1_800; seconds += STEP_SECONDS) {
    for (const spool of spools) {
      await spool.store(hits(Math.ceil((50 * STEP_SECONDS) / processes)));
      if (seconds % 60 > 0) continue;
      const claim = await spool.claim(100, ALL);
      await claim?.done({}, [claim]);
    }
    vi.advanceTimersByTime(STEP_SECONDS * 1_000);
  }
  expect(spools[0]?.hits).toBeGreaterThanOrEqual(50 * 1_800);
  expect(spoolFiles(place).length).toBeLessThan(200);
});

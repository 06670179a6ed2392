import { rmSync, statSync } from 'node:fs';
import { expect, onTestFinished, test, vi } from 'vitest';
import { eventually } from '../../../support/child-process.js';
import { createSkipMinute, moveWallClock } from '../../../support/clocks.js';
import { pending } from '../../../support/delivery.js';
import { SPOOL_PLACES, startRedis } from '../../../support/redis-server.js';
import { notSent, processed } from '../../../support/scripted-transport.js';
import { filesIn, leaveHits, linesIn, spooledDelivery } from '../../../support/spool.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

test('delivered hits are deleted while the process runs and nothing is pending', async () => {
  const folder = temporaryFolder();
  const sender = spooledDelivery({ folder });
  sender.push('a');
  await eventually(() => sender.delivery.counters.tracked === 1);
  const other = spooledDelivery({ folder });
  other.push('b', 'c');
  await eventually(() => other.delivery.counters.tracked === 2);
  await eventually(() => linesIn(folder).length === 0);
  await eventually(() => filesIn(folder, '.done').length === 0);
  other.push('d');
  await eventually(() => other.delivery.counters.tracked === 3);
  await eventually(() => linesIn(folder).length === 0);
  expect(sender.sent()).toEqual(['a']);
  expect(other.sent()).toEqual(['b', 'c', 'd']);
  expect(sender.logged.concat(other.logged)).toEqual([]);
});

test('a file has the hits of at most a minute, so that a pending hit does not keep later ones on disk', async () => {
  const skipMinute = createSkipMinute();
  const folder = temporaryFolder();
  const { delivery, transport, push } = spooledDelivery({ folder });
  transport.answer(notSent);
  push('a');
  await eventually(() => delivery.spooled === 1);
  skipMinute();
  push('b');
  await eventually(() => delivery.spooled === 2);
  expect(filesIn(folder, '.hits')).toHaveLength(2);
  transport.answer(processed);
  await eventually(() => linesIn(folder).length === 0);
  expect(delivery.counters.tracked).toBe(2);
});

test.each(SPOOL_PLACES)(
  'hits in %s that are too old are deleted while Matomo is unavailable, also those that were about to be sent',
  async (_where, open) => {
    const folder = await open();
    const maxSpoolAgeMillis = 3_600_000;
    const { delivery, transport, push } = spooledDelivery({ folder, maxSpoolAgeMillis });
    transport.answer(notSent);
    push('a', 'b');
    await eventually(() => delivery.spooled === 2 && transport.bodies.length > 0);
    moveWallClock(2 * maxSpoolAgeMillis);
    await eventually(() => delivery.counters.lost.expired === 2);
    expect(delivery.pending).toBe(0);
    if (!folder.includes('://')) await eventually(() => linesIn(folder).length === 0);
  },
);

test('hits that became too old while no process ran are deleted when one starts, although Matomo is unavailable', async () => {
  const startSeconds = Date.now() / 1000 - 10;
  const folder = await leaveHits(['a', 'b'].map((name) => pending({ name, startSeconds })));
  const second = spooledDelivery({ folder, maxSpoolAgeMillis: 5_000 });
  second.transport.answer(notSent);
  await eventually(() => linesIn(folder).length === 0);
  expect(second.delivery.counters.lost.expired).toBe(2);
});

const PLACES = {
  folder: async () => {
    const folder = temporaryFolder();
    const clear = () => rmSync(folder, { recursive: true });
    return { folder, clear };
  },
  Redis: async () => {
    const redis = await startRedis();
    return { folder: redis.url, clear: () => redis.command('FLUSHALL') };
  },
};

/** `undefined` if there are none. */
function linesOfSpool(logged: readonly string[]): string[] | undefined {
  const lines = logged.filter((line) => line.includes('[spool-'));
  return lines.length > 0 ? lines : undefined;
}

test('a journal that is gone while its hits are being sent is a line with the number of hits', async () => {
  const { folder, clear } = await PLACES.folder();
  const { delivery, transport, push, logged } = spooledDelivery({ folder });
  transport.answer(notSent);
  push('a', 'b');
  await eventually(() => delivery.spooled === 2 && transport.bodies.length > 0);
  await clear();
  await delivery.flush();
  await eventually(() => delivery.counters.lost.spool === 2);
  expect(await eventually(() => linesOfSpool(logged))).toEqual([
    expect.stringMatching(/lost 2 hits\b.*\[spool-lost\]$/),
  ]);
});

test.each(Object.entries(PLACES))(
  'a journal in a %s that is gone at the shutdown is one line, which counts its hits as lost',
  async (_where, open) => {
    const { folder, clear } = await open();
    const { delivery, transport, push, logged, law } = spooledDelivery({ folder });
    transport.answer(notSent);
    push('a', 'b');
    await eventually(() => delivery.spooled === 2);
    await clear();
    await delivery.shutdown(0);
    expect(linesOfSpool(logged)).toEqual([expect.stringMatching(/lost 2 hits\b.*\[spool-lost\]$/)]);
    expect(delivery.counters.lost.spool).toBe(2);
    expect(law()).toEqual([2, 2]);
  },
);

test('a process is alive although the wall clock stands still', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 0 });
  onTestFinished(() => void vi.useRealTimers());
  const folder = temporaryFolder();
  spooledDelivery({ folder });
  const seen = new Set<number>();
  await eventually(() => {
    for (const path of filesIn(folder, 'alive')) {
      const stat = statSync(path, { throwIfNoEntry: false }); // it may be renamed meanwhile
      if (stat) seen.add(stat.mtimeMs);
    }
    return seen.size > 2;
  });
});

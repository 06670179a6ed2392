import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { eventually } from '../../../support/child-process.js';
import { notSent, processed } from '../../../support/scripted-transport.js';
import { sorted } from '../../../support/sorted.js';
import { filesIn, linesIn, spooledDelivery, temporaryFolder } from '../../../support/spool.js';

test('hits go to the disk, from there to Matomo, and nothing of them stays', async () => {
  const folder = temporaryFolder();
  const { delivery, push, sent, law } = spooledDelivery({ folder });
  push('a', 'b', 'c');
  await eventually(() => delivery.spooled === 3);
  expect(law()).toEqual([3, 3]);
  await eventually(() => delivery.counters.tracked === 3);
  expect(sent()).toEqual(['a', 'b', 'c']);
  expect(delivery).toMatchObject({ pending: 0, spooled: 0, takenOver: 0 });
  await delivery.shutdown(1000);
  expect(filesIn(folder, '')).toEqual([`${folder}/spool.json`]);
});

test('while Matomo is unavailable, hits are on disk and not in memory, and survive a shutdown', async () => {
  const folder = temporaryFolder();
  const first = spooledDelivery({ folder });
  first.transport.answer(notSent);
  first.push('a', 'b', 'c');
  await eventually(() => linesIn(folder).length === 3);
  await first.delivery.shutdown(1000);
  expect(first.delivery).toMatchObject({ pending: 3, spooled: 3 });
  expect(first.delivery.counters.lost.shutdown).toBe(0);
  expect(first.law()).toEqual([3, 3]);

  const second = spooledDelivery({ folder });
  second.push('d');
  await eventually(() => second.delivery.counters.tracked === 4);
  expect(sorted(second.sent())).toEqual(['a', 'b', 'c', 'd']);
  expect(second.delivery.takenOver).toBe(3);
  expect(second.law()).toEqual([4, 4]);
});

test('a flush stores and sends what waits', async () => {
  const { delivery, push, sent } = spooledDelivery({
    folder: temporaryFolder(),
    scheduledDelayMillis: 60_000,
  });
  push('a', 'b');
  await delivery.flush();
  expect(sent()).toEqual(['a', 'b']);
  expect(delivery.pending).toBe(0);
});

test('a flush stores more hits at once than a function can have arguments', async () => {
  const hits = 150_000;
  const { delivery, transport, push, law } = spooledDelivery({
    folder: temporaryFolder(),
    maxQueueSize: 2 * hits,
    scheduledDelayMillis: 60_000,
  });
  transport.answer(notSent);
  for (let i = 0; i < hits; i++) push('a');
  await delivery.flush();
  await eventually(() => delivery.spooled === hits);
  expect(law()).toEqual([hits, hits]);
});

test('shutdown stores what was not stored yet', async () => {
  const folder = temporaryFolder();
  const { delivery, transport, push, law } = spooledDelivery({ folder });
  transport.answer(notSent);
  push('a', 'b');
  await delivery.shutdown(1000);
  expect(linesIn(folder)).toHaveLength(2);
  expect(delivery).toMatchObject({ pending: 2, spooled: 2 });
  expect(law()).toEqual([2, 2]);
});

test('a shutdown with many pending hits leaves what it has no time for in the spool, and every bulk has its answer', async () => {
  const { delivery, transport, push, law } = spooledDelivery({
    folder: temporaryFolder(),
    maxExportBatchSize: 1,
  });
  transport.answer(notSent);
  push(...Array.from({ length: 30 }, (_, i) => `${i}`));
  await eventually(() => delivery.spooled === 30);
  transport.answer((sent) => setTimeout(150, processed(sent)));
  await delivery.shutdown(2500);
  const { tracked, lost } = delivery.counters;
  expect(lost.unconfirmed).toBe(0);
  expect(tracked).toBeGreaterThan(0);
  expect(delivery.pending).toBe(30 - tracked);
  expect(law()).toEqual([30, 30]);
});

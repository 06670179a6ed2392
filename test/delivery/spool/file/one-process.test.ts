import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { eventually } from '../../../support/child-process.js';
import { notSent, processed } from '../../../support/scripted-transport.js';
import { spooledDelivery } from '../../../support/spool.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

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

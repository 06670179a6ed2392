import { expect, onTestFinished, test, vi } from 'vitest';
import { Delivery } from '../../../src/delivery/delivery.js';
import type { DeliveryOptions } from '../../../src/delivery/delivery-options.js';
import { BatchQueue } from '../../../src/delivery/queue/batch-queue.js';
import { MemoryQueue } from '../../../src/delivery/queue/memory-queue.js';
import { toJournalHit } from '../../../src/delivery/spool/hit-line.js';
import {
  JOURNAL_TIMES,
  type Journal,
  type JournalHit,
  type JournalLine,
  JournalLost,
  type Segment,
} from '../../../src/delivery/spool/journal.js';
import { Spool } from '../../../src/delivery/spool/spool.js';
import { SpoolReports } from '../../../src/delivery/spool/spool-reports.js';
import { DEFAULT_OPTIONS } from '../../support/default-options.js';
import { pending, sentNames, useFakeTime } from '../../support/delivery.js';
import { collectDiagnostics } from '../../support/diagnostics.js';
import { notSent, processed, scriptedTransport } from '../../support/scripted-transport.js';

useFakeTime();

/** Journals in memory. Opening one and a write take as long as a test says, or a write hangs, beats can hang, and the newest journal can be lost. */
class Journals {
  writeMillis = 0;
  openMillis = 0;
  isHanging = false;
  isLost = false;
  /** Lines that have vanished, and that are damaged, when more are read. */
  vanished = 0;
  damaged = 0;
  /** Looks at the journal hang until then. */
  awake: Promise<void> | undefined;
  decidedAtExit = 0;
  readonly #reported = collectDiagnostics();
  readonly logged = this.#reported.logged;
  readonly spool: Spool = new Spool(
    Promise.resolve({
      open: async () => {
        if (this.openMillis > 0)
          await new Promise((resolve) => setTimeout(resolve, this.openMillis));
        this.isLost = false;
        return this.#createJournal();
      },
    }),
    new SpoolReports('/spool', this.#reported.diagnostics),
    { maxBytes: 1e9, times: JOURNAL_TIMES },
  );

  #createJournal(): Journal {
    let unread: JournalLine[] = [];
    const segment: Segment = {
      name: 'segment',
      startSeconds: 0,
      get unread() {
        return unread.length;
      },
      read: async () => {
        const lines = unread.slice(this.vanished);
        unread = [];
        for (const line of lines.slice(0, this.damaged)) line.line.fill('x');
        return { lines, lost: this.vanished };
      },
      markDecided: async () => {
        if (this.isHanging) await new Promise(() => undefined);
      },
      markDecidedAtExit: (hits) => {
        this.decidedAtExit += hits.length;
        return true;
      },
    };
    const confirm = async () => {
      await this.awake;
      if (this.isLost) throw new JournalLost('gone');
    };
    return {
      segments: [segment],
      spoolBytes: 0,
      isOpen: true,
      append: async (lines, keeps) => {
        if (this.isHanging) await new Promise(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, this.writeMillis));
        await confirm();
        if (keeps)
          return lines.map(({ hit, line }) => toJournalHit(hit, line, segment, 0, line.length));
        unread.push(...lines.map(({ line }) => ({ from: 0, to: 0, line: line.subarray(0, -1) })));
        return [];
      },
      appendAtExit: () => true,
      confirm,
      keepAlive: confirm,
      takeOver: async () => 0,
      close: async () => undefined,
      closeAtExit: () => undefined,
    };
  }
}

/** A delivery with a spool. Matomo cannot be reached. */
function deliver({ spool }: Journals, changed: Partial<DeliveryOptions>) {
  const transport = scriptedTransport();
  transport.answer(notSent);
  const { diagnostics, logged } = collectDiagnostics();
  const options = { ...DEFAULT_OPTIONS, ...changed };
  const delivery = new Delivery(options, transport, diagnostics, () => 1, spool);
  const push = (name: string, count: number) => {
    for (let i = 0; i < count; i++) delivery.push(pending({ name: `${name}${i}` }));
  };
  return { delivery, transport, logged, push };
}

/** 20 hits of the journal are in memory, which holds no more, and 20 are not read yet. */
async function storeMoreThanMemoryHolds(journals: Journals) {
  const delivering = deliver(journals, { maxQueueSize: 20, maxExportBatchSize: 10 });
  delivering.push('kept ', 20);
  await vi.advanceTimersByTimeAsync(500);
  delivering.push('unread ', 20);
  await vi.advanceTimersByTimeAsync(500);
  return delivering;
}

/** A spool of 100 hits in memory, which has begun. */
async function start({ spool }: Journals, isFresh = () => true) {
  const memory = new MemoryQueue(100);
  const queue = new BatchQueue(10);
  const parts = { memory, queue, isFresh, maxQueueSize: 100 };
  spool.start({ ...parts, onInterval: () => undefined });
  onTestFinished(() => spool.stop());
  await spool.ready;
  return { memory, queue };
}

test('results are stored at exit unless the disk hangs, which would block the process', async () => {
  const journals = new Journals();
  const { spool } = journals;
  const { memory, queue } = await start(journals);
  const store = async () => {
    memory.push(pending());
    void spool.store();
    await vi.advanceTimersByTimeAsync(3_000);
  };
  await store();
  await spool.load(() => 1, 0);
  const taken = queue.lists.unsent.flatMap(({ hits }) => hits as JournalHit[]);
  expect([taken.length, spool.decideAtExit(taken), journals.decidedAtExit]).toEqual([1, true, 1]);
  journals.isHanging = true;
  await store();
  expect([spool.decideAtExit(taken), journals.decidedAtExit]).toEqual([false, 1]);
});

test.each([
  ['are being stored', true, [1, 1]],
  ['are stored', false, [0, 0]],
])('results that %s at exit are stored then: %s', async (_what, isHanging, expected) => {
  const journals = new Journals();
  const { spool } = journals;
  const { memory, queue } = await start(journals);
  memory.push(pending());
  void spool.store();
  await vi.advanceTimersByTimeAsync(100);
  await spool.load(() => 1, 0);
  journals.isHanging = isHanging;
  spool.acknowledge(queue.lists.unsent[0]?.hits as JournalHit[], { tracked: 1 });
  await vi.advanceTimersByTimeAsync(10);
  const decidedAtExit = () => {
    spool.saveAtExit();
    return journals.decidedAtExit;
  };
  expect([decidedAtExit(), decidedAtExit()]).toEqual(expected);
});

test('what is given back to memory is stored although each write takes longer than the time to the next one', async () => {
  const journals = new Journals();
  const { memory, queue } = await start(journals);
  journals.writeMillis = 200;
  for (let i = 0; i < 20; i++) memory.push(pending());
  queue.add(memory.take(20), false);
  for (let millis = 0; millis < 5_000; millis += 50) {
    memory.push(pending());
    await vi.advanceTimersByTimeAsync(50);
  }
  expect(queue.totalInMemory).toBe(0);
});

test('a disk that hangs is logged once, also while results are stored, and a write that takes long is not', async () => {
  const journals = new Journals();
  const { memory, queue } = await start(journals);
  memory.push(pending());
  await vi.advanceTimersByTimeAsync(200);
  await journals.spool.load(() => 1, 0);
  journals.writeMillis = 3_000;
  memory.push(pending());
  await vi.advanceTimersByTimeAsync(10_000);
  expect(journals.logged).toEqual([]);

  journals.writeMillis = 60_000;
  memory.push(pending());
  await vi.advanceTimersByTimeAsync(10_000);
  const taken = queue.lists.unsent[0]?.hits as JournalHit[];
  journals.spool.acknowledge(taken, { tracked: 1 });
  await vi.advanceTimersByTimeAsync(30_000);
  expect(journals.logged).toEqual([expect.stringContaining('[spool-not-written]')]);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(journals.logged).toEqual([
    expect.stringContaining('[spool-not-written]'),
    expect.stringContaining('[spool-written-again]'),
  ]);
});

test('hits whose write begins while a new journal replaces a lost one are stored there at once', async () => {
  const journals = new Journals();
  const { memory } = await start(journals);
  const { spool } = journals;
  journals.isLost = true;
  journals.openMillis = 400;
  await spool.load(() => 1, 0);
  memory.push(pending());
  const stored = spool.store();
  await vi.advanceTimersByTimeAsync(500);
  await stored;
  expect([spool.spooled, spool.isWritable]).toEqual([1, true]);
});

test('while the disk hangs, nothing piles up that is done when it works again', async () => {
  const journals = new Journals();
  let looks = 0;
  const { memory } = await start(journals, () => {
    looks += 1;
    return true;
  });
  memory.push(pending());
  await vi.advanceTimersByTimeAsync(3_000);
  let wake = () => {};
  journals.awake = new Promise((resolve) => {
    wake = resolve;
  });
  await vi.advanceTimersByTimeAsync(100_000);
  const before = looks;
  wake();
  await vi.advanceTimersByTimeAsync(100);
  expect(before).toBeGreaterThan(0);
  expect(looks - before).toBeLessThan(3);
});

test('what is lost because a spool stores nothing is logged with the advice to check it, not to set one', async () => {
  const journals = new Journals();
  journals.isHanging = true;
  const { delivery, logged, push } = deliver(journals, { maxQueueSize: 2 });
  push('a', 3);
  const closed = delivery.shutdown(1_000);
  await vi.advanceTimersByTimeAsync(10_000);
  await closed;
  const lost = logged.filter((line) => /\[(?:queue-full|lost-at-shutdown)\]$/.test(line));
  expect(lost).toHaveLength(2);
  for (const line of lost) {
    expect(line).toContain('Check why the spool does not store hits');
    expect(line).not.toMatch(/\bset spool\b/i);
  }
});

test('at a shutdown, a full batch of a journal that is gone does not keep the hits of the next one from Matomo', async () => {
  const journals = new Journals();
  const options = { maxExportBatchSize: 10, scheduledDelayMillis: 200 };
  const { delivery, transport, push } = deliver(journals, options);
  push('a', 10);
  await vi.advanceTimersByTimeAsync(900); // stored, taken, and not sent
  journals.isLost = true;
  push('b', 10);
  await vi.advanceTimersByTimeAsync(400);
  transport.answer(processed);
  const before = transport.bodies.length;
  const closed = delivery.shutdown(3_000);
  await vi.advanceTimersByTimeAsync(3_000);
  await closed;
  expect(before).toBeGreaterThan(0);
  expect(sentNames(transport).slice(before).flat().sort()).toEqual(
    Array.from({ length: 10 }, (_, i) => `b${i}`),
  );
  expect(delivery.counters.lost.spool).toBe(10);
});

test('hits whose write hangs at a shutdown are sent from memory, and not again if the write ends', async () => {
  const journals = new Journals();
  const { delivery, transport, push } = await storeMoreThanMemoryHolds(journals);
  expect(delivery.spooled).toBe(40);
  journals.writeMillis = 3_000;
  push('late ', 5);
  const before = transport.bodies.length;
  transport.answer(processed);
  const release = transport.hold();
  const closed = delivery.shutdown(20_000);
  await vi.advanceTimersByTimeAsync(3_500);
  release();
  await vi.advanceTimersByTimeAsync(20_000);
  await closed;
  const sent = sentNames(transport).slice(before).flat();
  expect(sent.filter((name) => name.startsWith('late'))).toHaveLength(5);
  const { pending: left, counters } = delivery;
  expect(counters).toMatchObject({ tracked: sent.length, lost: { shutdown: 0 } });
  expect(left).toBe(45 - sent.length);
});

test('each hit whose line is damaged or has vanished counts as lost, which is logged', async () => {
  const journals = new Journals();
  const { delivery, transport } = await storeMoreThanMemoryHolds(journals);
  Object.assign(journals, { vanished: 3, damaged: 2 });
  transport.answer(processed);
  await delivery.flush();
  expect(delivery).toMatchObject({ pending: 0, counters: { tracked: 35, lost: { spool: 5 } } });
  expect(journals.logged).toEqual([
    expect.stringContaining('[spool-damaged]'),
    expect.stringMatching(/\b3 hits\b.*\[spool-lost\]$/),
  ]);
});

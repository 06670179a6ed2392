import { expect, test, vi } from 'vitest';
import { BatchQueue } from '../../../src/delivery/queue/batch-queue.js';
import { MemoryQueue } from '../../../src/delivery/queue/memory-queue.js';
import { toJournalHit } from '../../../src/delivery/spool/hit-line.js';
import {
  JOURNAL_TIMES,
  type Journal,
  type JournalHit,
  type Segment,
} from '../../../src/delivery/spool/journal.js';
import { Spool } from '../../../src/delivery/spool/spool.js';
import { SpoolReports } from '../../../src/delivery/spool/spool-reports.js';
import { pending, useFakeTime } from '../../support/delivery.js';
import { diagnosticsTo } from '../../support/diagnostics.js';

useFakeTime();

/** A store whose writes hang from some time on. */
class HangingStore {
  isHanging = false;
  decidedAtExit = 0;
  readonly segment: Segment = {
    startSeconds: 0,
    unread: 0,
    read: async () => [],
    markDecided: async () => undefined,
    markDecidedAtExit: (hits) => {
      this.decidedAtExit += hits.length;
      return true;
    },
  };
  readonly journal: Journal = {
    segments: [this.segment],
    spoolBytes: 0,
    isOpen: true,
    append: (lines) => {
      const hits = lines.map(({ hit, line }) =>
        toJournalHit(hit, line, this.segment, 0, line.length),
      );
      return this.isHanging ? new Promise(() => undefined) : Promise.resolve(hits);
    },
    appendAtExit: () => true,
    confirm: async () => undefined,
    keepAlive: async () => undefined,
    takeOver: async () => 0,
    close: async () => undefined,
    closeAtExit: () => undefined,
  };
}

test('results are stored at exit unless the disk hangs, which would block the process', async () => {
  const store = new HangingStore();
  const { journal } = store;
  const opener = { open: async () => journal, visitorKey: undefined };
  const reports = new SpoolReports(
    '/spool',
    diagnosticsTo(() => undefined),
  );
  const spool = new Spool(Promise.resolve(opener), reports, {
    maxBytes: 1e9,
    times: JOURNAL_TIMES,
  });
  const memory = new MemoryQueue(100);
  const queue = new BatchQueue(1);
  spool.start({
    memory,
    queue,
    isFresh: () => true,
    maxQueueSize: 100,
    onInterval: () => undefined,
  });
  await spool.ready;
  memory.push(pending({ name: 'a' }));
  await spool.store(true);
  await spool.load(() => 1, 0);
  const taken = queue.lists.unsent.flatMap(({ hits }) => hits as JournalHit[]);
  expect([taken.length, spool.decideAtExit(taken), store.decidedAtExit]).toEqual([1, true, 1]);
  store.isHanging = true;
  memory.push(pending({ name: 'b' }));
  void spool.store(true);
  await vi.advanceTimersByTimeAsync(3_000);
  expect([spool.decideAtExit(taken), store.decidedAtExit]).toEqual([false, 1]);
  spool.stop();
});

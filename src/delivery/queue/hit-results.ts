import type { Diagnostics } from '../../common/diagnostics.js';
import { coded } from '../../common/messages.js';
import { adviceFor } from '../answer/outage.js';
import type { JournalHit } from '../spool/journal.js';
import type { Spool } from '../spool/spool.js';
import { type Batch, countOf } from './batch.js';
import type { HitsOfBatch } from './batch-queue.js';
import type { HitResultCounts, LossReason } from './counters.js';
import type { MemoryQueue } from './memory-queue.js';

interface HitResultsParts {
  readonly memory: MemoryQueue;
  readonly spool: Spool | undefined;
  readonly diagnostics: Pick<Diagnostics, 'lines'>;
}

/** Counts the results of taken hits, which are then no longer in memory or in the spool. */
export class HitResults {
  readonly #parts: HitResultsParts;

  constructor(parts: HitResultsParts) {
    this.#parts = parts;
  }

  /** `counts` add up to the number of hits. */
  count({ isStored, hits }: HitsOfBatch, counts: HitResultCounts): void {
    const { memory, spool } = this.#parts;
    if (isStored) spool?.acknowledge(hits as JournalHit[], counts);
    else memory.acknowledge(hits, counts);
  }

  lose(reason: LossReason, dropped: readonly HitsOfBatch[]): void {
    for (const batch of dropped) this.count(batch, { [reason]: batch.hits.length });
  }

  /** Counts a hit that failed alone several times, although others succeeded. */
  reject(batch: Batch | undefined): void {
    if (!batch?.failure) return;
    const { areInvalid, reason } = batch.failure;
    this.count(batch, areInvalid ? { invalid: 1 } : { rejected: 1 });
    if (areInvalid) return;
    this.#parts.diagnostics.lines.add('rejected', 1, (hits) => {
      const text = `Failed three times when sent alone, although Matomo processed other hits directly before and after (${reason.reason}): ${countOf(hits)}, lost and counted as rejected. ${adviceFor(reason.code)}`;
      return coded('rejected', text);
    });
  }
}

import type { InvalidHits } from '../answer/invalid-hits.js';
import { type BulkResult, isRejected, readAnswer } from '../answer/read-answer.js';
import type { Exchange } from '../http/transport.js';
import { type Batch, decidedHits, halve } from '../queue/batch.js';
import type { BatchQueue } from '../queue/batch-queue.js';
import { createDeliveryCounters, type DeliveryCounters, lostHits } from '../queue/counters.js';
import type { HitSource } from '../queue/hit-source.js';
import type { IsFresh } from '../spool/spool-store.js';

/** After this many rolled-back bulks, the cause is Matomo's database and not a hit. */
const MAX_ROLLED_BACK = 10;

/** Why hits are left if there was no time to send them. */
export const TIMED_OUT = 'the shutdown timeout ran out';

export interface ExitFlushOptions {
  readonly hasToken: boolean;
  readonly isFresh: IsFresh;
  readonly maxExportBatchSize: number;
  readonly exportTimeoutMillis: number;
  /** Deadline, on the monotonic clock. */
  readonly deadlineMillis: number;
  /** Reads a rejected token again. Returns whether it is another one. */
  readonly rereadToken: () => boolean;
  readonly invalidHits: Pick<InvalidHits, 'add'>;
  /** Sends one bulk request while the process is blocked. */
  readonly send: (batch: Batch, timeoutMillis: number) => Exchange;
}

/**
 * Sends everything in memory bulk by bulk without returning to the event loop. Counts what Matomo decides; other hits stay in memory.
 * Returns why hits are left, or `undefined` if none are.
 */
export function flushAtExit(
  source: HitSource,
  batches: BatchQueue,
  options: ExitFlushOptions,
): string | undefined {
  const {
    hasToken,
    isFresh,
    maxExportBatchSize,
    exportTimeoutMillis,
    deadlineMillis,
    rereadToken,
    invalidHits,
    send,
  } = options;
  let rolledBack = 0;
  for (;;) {
    if (batches.takesMore) {
      batches.add(source.takeQueued(maxExportBatchSize, performance.now(), true));
    }
    const expired = batches.expire(isFresh);
    source.acknowledgeQueued(expired, lostHits('expired', expired.length));
    const first = batches.first();
    if (!first) return undefined;
    const leftMillis = deadlineMillis - performance.now();
    if (leftMillis < 1) return TIMED_OUT;
    const batch: Batch = { ...first, part: undefined }; // whole: there is no time to look for a bad hit
    const sent = batch.hits.length;
    const exchange = send(batch, Math.min(leftMillis, exportTimeoutMillis));
    const hasTracked = source.counters.tracked > 0;
    const result = readAnswer(exchange, { sent, hasToken, hasTracked });
    if (isRejected(result) && rereadToken()) continue;
    if (result.kind === 'processed') {
      invalidHits.add(batch.hits, result.invalid, result.invalidIndices);
    }
    const { counts, again } = decide(batch, result);
    source.acknowledgeQueued(decidedHits(batch, again), counts);
    batches.replaceFirst(first, again, result.kind === 'too_large');
    if (result.kind === 'rolled_back') rolledBack += 1;
    const mayGoOn = result.kind === 'rolled_back' && rolledBack < MAX_ROLLED_BACK;
    if ('reason' in result && !mayGoOn) return result.reason;
  }
}

/** The results for a bulk, and the batches to send next. */
interface BatchDecision {
  readonly counts: DeliveryCounters;
  readonly again: readonly Batch[];
}

function decide(batch: Batch, result: BulkResult): BatchDecision {
  const sent = batch.hits.length;
  const nothing = createDeliveryCounters();
  switch (result.kind) {
    case 'processed': {
      const { tracked, invalid, unconfirmed } = result;
      const counts = { ...nothing, tracked, invalid, lost: { ...nothing.lost, unconfirmed } };
      return { counts, again: [] };
    }
    case 'accepted':
      return { counts: { ...nothing, accepted: sent }, again: [] };
    case 'unconfirmed':
      return { counts: lostHits('unconfirmed', sent), again: [] };
    case 'too_large':
      return smaller(batch) ?? { counts: lostHits('too_large', sent), again: [] };
    case 'rolled_back':
      return (
        (batch.kind === 'crash' ? undefined : smaller(batch)) ?? {
          counts: lostHits('rejected', sent),
          again: [],
        }
      );
    case 'unavailable':
    case 'nothing_kept':
    case 'all_invalid':
    case 'refused':
      return { counts: nothing, again: [batch] };
  }
}

/** The halves of a batch; `undefined` if it has one hit. */
function smaller(batch: Batch): BatchDecision | undefined {
  const again = halve(batch);
  return again && { counts: createDeliveryCounters(), again };
}

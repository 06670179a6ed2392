import { type Batch, decidedHits, halve } from './batch.js';
import type { BatchQueue } from './batch-queue.js';
import { createDeliveryCounters, type DeliveryCounters, lostHits } from './counters.js';
import { createIsFresh } from './freshness.js';
import type { HitSource } from './hit-source.js';
import { readAnswer, type Verdict } from './read-answer.js';
import type { Exchange } from './transport.js';

/** Bulks that Matomo rolls back: after these it is its database that fails, not a hit. */
const MAX_ROLLED_BACK = 10;

export interface ExitFlushOptions {
  readonly hasToken: boolean;
  readonly maxExportBatchSize: number;
  readonly exportTimeoutMillis: number;
  /** When to give up, on the monotonic clock. */
  readonly deadlineMillis: number;
  /** One bulk request, while the process waits. */
  readonly send: (batch: Batch, timeoutMillis: number) => Exchange;
}

/**
 * Sends everything in memory bulk by bulk, without giving the event loop a turn. What Matomo decides is counted; what it does not
 * take stays there. Returns why, or `undefined` if nothing is left.
 */
export function flushAtExit(
  source: HitSource,
  batches: BatchQueue,
  options: ExitFlushOptions,
): string | undefined {
  const { hasToken, maxExportBatchSize, exportTimeoutMillis, deadlineMillis, send } = options;
  const isFresh = createIsFresh(hasToken);
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
    if (leftMillis < 1) return 'the shutdown timeout ran out';
    const batch: Batch = { ...first, part: undefined }; // whole: there is no time to look for a bad hit
    const sent = batch.hits.length;
    const exchange = send(batch, Math.min(leftMillis, exportTimeoutMillis));
    const hasTracked = source.counters.tracked > 0;
    const verdict = readAnswer(exchange, { sent, hasToken, hasTracked });
    const { counts, again } = decide(batch, verdict);
    source.acknowledgeQueued(decidedHits(batch, again), counts);
    batches.replaceFirst(first, again, verdict.kind === 'too_large');
    if (verdict.kind === 'rolled_back') rolledBack += 1;
    const mayGoOn = verdict.kind === 'rolled_back' && rolledBack < MAX_ROLLED_BACK;
    if ('reason' in verdict && !mayGoOn) return verdict.reason;
  }
}

/** What is decided about a bulk, and what of it is to be sent next. */
interface Decision {
  readonly counts: DeliveryCounters;
  readonly again: readonly Batch[];
}

function decide(batch: Batch, verdict: Verdict): Decision {
  const sent = batch.hits.length;
  const nothing = createDeliveryCounters();
  switch (verdict.kind) {
    case 'processed': {
      const { tracked, invalid, unconfirmed } = verdict;
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

/** Its halves, unless it is one hit. */
function smaller(batch: Batch): Decision | undefined {
  const again = halve(batch);
  return again && { counts: createDeliveryCounters(), again };
}

import { type Batch, halve, restOf } from '../queue/batch.js';
import { createDeliveryCounters, type DeliveryCounters } from '../queue/counters.js';

/** Minimum wait after a failed attempt, whatever the back-off or `Retry-After` is. */
const SHORTEST_WAIT_MILLIS = 100;

interface Result {
  /** Results of the hits that are not sent again. */
  readonly counts: DeliveryCounters;
  /** Batches to send before anything else: the same batch, parts of it, or none. */
  readonly again: readonly Batch[];
  /** Matomo has no CrashAnalytics: no more crashes are sent. */
  readonly refusesCrashes?: true;
  /** Matomo rejected the token. The file from which it was read may contain a new one. */
  readonly refusesToken?: true;
  /** Nothing proves that Matomo stored none of the hits. */
  readonly mayBeStored?: true;
}

/**
 * The effect of an exchange on a batch. Only after `decided` and `split` delivery continues immediately, and only the functions
 * below create them: every such request has fewer hits left, or is smaller than the one before.
 */
export type Outcome =
  | (Result & { readonly kind: 'decided' })
  | (Result & { readonly kind: 'split' })
  | (Result & { readonly kind: 'held'; readonly waitMillis: number });

/** Every hit that was sent is counted. The rest of the batch follows immediately. */
export function decided(batch: Batch, counts: DeliveryCounters): Outcome {
  return { kind: 'decided', counts, again: restOf(batch) };
}

/** The hits that were sent follow immediately as two smaller bulks; `undefined` if it was one hit. */
export function split(batch: Batch, lastFirst = false): Outcome | undefined {
  const parts = halve(batch, lastFirst);
  return parts && { kind: 'split', counts: createDeliveryCounters(), again: parts };
}

/** Nothing follows until the wait is over. */
export function held(
  again: readonly Batch[],
  waitMillis: number,
  counts: DeliveryCounters = createDeliveryCounters(),
): Outcome {
  return { kind: 'held', counts, again, waitMillis: Math.max(SHORTEST_WAIT_MILLIS, waitMillis) };
}

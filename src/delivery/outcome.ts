import { type Batch, halve, restOf } from './batch.js';
import { createDeliveryCounters, type DeliveryCounters } from './counters.js';

/** No failed attempt is followed by another sooner, whatever the back-off or `Retry-After` is. */
const SHORTEST_WAIT_MILLIS = 100;

interface Result {
  /** The hits that are decided: those of the batch that are not sent again. */
  readonly counts: DeliveryCounters;
  /** To be sent before anything else: the batch again, parts of it, or nothing. */
  readonly again: readonly Batch[];
  /** Matomo cannot take crashes: none is to be sent any more. */
  readonly refusesCrashes?: true;
  /** The token may have been replaced in the file it was read from. */
  readonly refusesToken?: true;
  /** Nothing proves that Matomo has stored none of the hits that were sent. */
  readonly mayBeStored?: true;
}

/**
 * What an exchange decided about a batch. Delivery goes on at once after `decided` and `split` only, and only the functions
 * below make them: every request that follows at once has either fewer hits left or is smaller than the one before.
 */
export type Outcome =
  | (Result & { readonly kind: 'decided' })
  | (Result & { readonly kind: 'split' })
  | (Result & { readonly kind: 'held'; readonly waitMillis: number });

/** Every hit that was sent is counted; the rest of the batch follows at once. */
export function decided(batch: Batch, counts: DeliveryCounters): Outcome {
  return { kind: 'decided', counts, again: restOf(batch) };
}

/** What was sent follows at once as two smaller bulks; `undefined` if it was one hit. */
export function split(batch: Batch, lastFirst = false): Outcome | undefined {
  const parts = halve(batch, lastFirst);
  return parts && { kind: 'split', counts: createDeliveryCounters(), again: parts };
}

/** Nothing follows for a while. */
export function held(
  again: readonly Batch[],
  waitMillis: number,
  counts: DeliveryCounters = createDeliveryCounters(),
): Outcome {
  return { kind: 'held', counts, again, waitMillis: Math.max(SHORTEST_WAIT_MILLIS, waitMillis) };
}

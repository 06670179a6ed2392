import type { DueOf } from '../../requests/group-spans.js';
import type { ReceivedSpan } from '../otlp/received-span.js';

/** How long spans wait for their request, longer than most requests take. */
const REQUEST_MILLIS = 300_000;
/** How many times longer a nested request waits for the outer one, whose SERVER span ends later. */
const OUTER_GRACES = 15;
/** Grouping many spans is slow, so traces of many spans are due less often. */
const SPANS_A_MILLI = 50;

/**
 * When spans have waited long enough: a request for the spans below it (`graceMillis`, or longer for the request around it), other spans
 * for their request. `assembler.ts` says how many may wait, and what happens with more.
 */
export function createDueOf(graceMillis: number): DueOf<ReceivedSpan> {
  const requestMillis = Math.max(REQUEST_MILLIS, graceMillis);
  return ({ root, isAncestorMissing, newestMillis }) => {
    if (!isAncestorMissing) return (root?.arrivedMillis ?? newestMillis) + graceMillis;
    return root ? root.arrivedMillis + graceMillis * OUTER_GRACES : newestMillis + requestMillis;
  };
}

/** How long a trace rests after some of its spans were taken. */
export function pauseOf({ size }: { readonly size: number }): number {
  return Math.ceil(size / SPANS_A_MILLI);
}

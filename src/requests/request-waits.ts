import { CHILD_SPAN_WAIT_MILLIS } from '../hit/hit.js';

/** How long work of a request may hold its hits back if they are to be in a spool within half a second. */
const SPOOL_HOLD_MILLIS = 200;

export interface HoldOptions {
  readonly scheduledDelayMillis: number;
  readonly spool?: unknown;
  readonly dryRun: boolean;
}

/** How long a hit waits for work of its request that has not ended. */
export function longestHold({ scheduledDelayMillis, spool, dryRun }: HoldOptions): number {
  const hasSpool = spool !== undefined && !dryRun;
  return hasSpool ? Math.min(scheduledDelayMillis, SPOOL_HOLD_MILLIS) : scheduledDelayMillis;
}

/** Whether the page view of an ended request can be sent. */
export function isPageFinal(
  { running }: { readonly running: boolean },
  waitedMillis: number,
  longestHoldMillis: number,
): boolean {
  return waitedMillis >= (running ? longestHoldMillis : CHILD_SPAN_WAIT_MILLIS);
}

/** A request may have so many further hits: a loop that calls `trackEvent` must not flood Matomo. */
export const MAX_FURTHER_HITS = 100;
/** Logged if a request has more. */
export const TOO_MANY_HITS: string = `A request has more than ${MAX_FURTHER_HITS} further hits. The others were dropped. Track one hit with the total instead.`;

import type { Batch, Failure } from './batch.js';

/** After this many failures in a row, each bulk is halved before it is sent. */
const SEARCH_AFTER = 3;
/** After this many failures in a row, the cause is the server and not a hit. One bad hit in a bulk of 100 causes at most ten. */
const SERVER_FAILS_AFTER = 10;

/** What probably makes bulks fail: one of their hits, for which the queue searches, or the server. */
export type Cause = 'unknown' | 'hit' | 'server';

export function causeOf(failuresInARow: number): Cause {
  if (failuresInARow >= SERVER_FAILS_AFTER) return 'server';
  return failuresInARow >= SEARCH_AFTER ? 'hit' : 'unknown';
}

/** How many failures in a row the server is the cause of. */
export function countOfServer(failuresInARow: number): number {
  return Math.max(0, failuresInARow - SERVER_FAILS_AFTER + 1);
}

/** Where a batch goes in the queue; `halves`: it is halved, and both go to the end. */
type Place = 'first' | 'last' | 'halves' | 'aside';

/**
 * Where a batch goes that has failed, by the cause before this failure:
 *
 * | the batch                               | cause unknown | a hit  | the server |
 * |-----------------------------------------|---------------|--------|------------|
 * | one hit                                 | aside         | aside  | last       |
 * | several that were aside                 | halves        | halves | last       |
 * | several that Matomo rejects as invalid  | aside         | aside  | last       |
 * | others, the first time                  | last          | first  | last       |
 * | others, again                           | halves        | first  | last       |
 */
export function placeAfterFailure(batch: Batch, failure: Failure, cause: Cause): Place {
  if (cause === 'server') return 'last';
  if (batch.hits.length === 1) return 'aside';
  if (batch.isAside) return 'halves';
  if (failure.areInvalid) return 'aside';
  if (cause === 'hit') return 'first';
  return batch.failedAttempts > 1 ? 'halves' : 'last';
}

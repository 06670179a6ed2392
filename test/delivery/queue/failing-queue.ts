import type { Batch, Failure } from '../../../src/delivery/queue/batch.js';
import { BatchQueue } from '../../../src/delivery/queue/batch-queue.js';
import { FailingHits } from '../../../src/delivery/queue/failing-hits.js';
import type { Hit } from '../../../src/hit/hit.js';
import { kindOf, nameOf, queryOf } from '../../support/named-hits.js';

export const FAILURE: Failure = { reason: { code: 'unavailable', reason: '' }, areInvalid: false };

/** Hits of one visitor, the oldest first. */
export function hits(...names: string[]): Hit[] {
  return names.map((name, startSeconds) => ({
    site: 1,
    visitor: 'v',
    startSeconds,
    kind: kindOf(name),
    query: queryOf(name),
  }));
}

export const nameOfHit = ({ query }: Hit) => nameOf(query);

export const namesOf = (batch: Batch | undefined) => batch?.hits.map(nameOfHit);

/** A queue with hits from memory in batches of `max`. */
export function queueOf(max: number, ...names: string[]) {
  const queue = new BatchQueue(max);
  queue.add(hits(...names), false);
  return { queue, failing: new FailingHits(queue, (failures) => failures * 1000) };
}

export const nextOf = (failing: FailingHits, nowMillis = 0) => failing.next(nowMillis, true);

/** Sends what is due at a time, and returns which hits were in each bulk. */
export function drain(
  failing: FailingHits,
  isGood: (names: string[]) => boolean = () => true,
  nowMillis = 0,
): string[][] {
  const bulks: string[][] = [];
  for (let batch = nextOf(failing, nowMillis); batch && bulks.length < 100; ) {
    const names = namesOf(batch) as string[];
    bulks.push(names);
    if (isGood(names)) failing.succeeded(batch);
    else failing.failed(batch, nowMillis, FAILURE);
    batch = nextOf(failing, nowMillis);
  }
  return bulks;
}

import {
  createDeliveryCounters,
  type DeliveryCounters,
  type LossReason,
} from '../queue/counters.js';

/** The counter of one result of a hit. */
export type CounterName = LossReason | 'tracked' | 'accepted' | 'invalid';

/** The results of one part of a batch. */
export interface Share<T> {
  readonly hits: T[];
  readonly counts: DeliveryCounters;
}

/** Divides the results of a batch among its parts. Matomo does not report results per hit, so any division is equally right. */
export function shareCounts<T extends object, Part>(
  hits: readonly T[],
  counts: DeliveryCounters,
  partOf: (hit: T) => Part | undefined,
): Map<Part, Share<T>> {
  const counters = listCounterNames(counts);
  const shares = new Map<Part, Share<T>>();
  for (const [i, hit] of hits.entries()) {
    const part = partOf(hit);
    if (part === undefined) continue;
    const share = shares.get(part) ?? { hits: [], counts: createDeliveryCounters() };
    shares.set(part, share);
    share.hits.push(hit);
    const counter = counters[i] ?? 'unconfirmed';
    if (counter in share.counts.lost) share.counts.lost[counter as LossReason] += 1;
    else share.counts[counter as Exclude<CounterName, LossReason>] += 1;
  }
  return shares;
}

/** The counters as pairs of name and number. */
export function counterEntries(counts: DeliveryCounters): [CounterName, number][] {
  const { tracked, accepted, invalid, lost } = counts;
  return Object.entries({ tracked, accepted, invalid, ...lost }) as [CounterName, number][];
}

/** For each hit, the counter that it adds to. */
export function listCounterNames(counts: DeliveryCounters): CounterName[] {
  return counterEntries(counts).flatMap(([counter, count]) =>
    Array<CounterName>(count).fill(counter),
  );
}

import { createDeliveryCounters, type DeliveryCounters, type LossReason } from '../counters.js';

/** What may become of a hit. */
export type Outcome = LossReason | 'tracked' | 'accepted' | 'invalid';

/** What became of one part of a batch. */
export interface Share<T> {
  readonly hits: T[];
  readonly counts: DeliveryCounters;
}

/** Divides what became of a batch among its parts. Matomo does not say which hit it was: any division is as true as another. */
export function shareCounts<T extends object, Part>(
  hits: readonly T[],
  counts: DeliveryCounters,
  partOf: (hit: T) => Part | undefined,
): Map<Part, Share<T>> {
  const outcomes = listOutcomes(counts);
  const shares = new Map<Part, Share<T>>();
  for (const [i, hit] of hits.entries()) {
    const part = partOf(hit);
    if (part === undefined) continue;
    const share = shares.get(part) ?? { hits: [], counts: createDeliveryCounters() };
    shares.set(part, share);
    share.hits.push(hit);
    const outcome = outcomes[i] ?? 'unconfirmed';
    if (outcome in share.counts.lost) share.counts.lost[outcome as LossReason] += 1;
    else share.counts[outcome as Exclude<Outcome, LossReason>] += 1;
  }
  return shares;
}

/** How many hits had which outcome. */
export function outcomesOf(counts: DeliveryCounters): [Outcome, number][] {
  const { tracked, accepted, invalid, lost } = counts;
  return Object.entries({ tracked, accepted, invalid, ...lost }) as [Outcome, number][];
}

/** One outcome for each hit. */
export function listOutcomes(counts: DeliveryCounters): Outcome[] {
  return outcomesOf(counts).flatMap(([outcome, count]) => Array<Outcome>(count).fill(outcome));
}

/** Why a hit was lost. */
export type LossReason =
  | 'queue_full'
  | 'unconfirmed'
  | 'rejected'
  | 'too_large'
  | 'expired'
  | 'shutdown'
  | 'spool';

/** Results of the hits that delivery received. */
export interface DeliveryCounters {
  /** Reported as tracked by Matomo. */
  tracked: number;
  /** Accepted by a server that does not report what happens to them, such as QueuedTracking. */
  accepted: number;
  /** Rejected by Matomo one by one. */
  invalid: number;
  readonly lost: Record<LossReason, number>;
}

export function createDeliveryCounters(): DeliveryCounters {
  return {
    tracked: 0,
    accepted: 0,
    invalid: 0,
    lost: {
      queue_full: 0,
      unconfirmed: 0,
      rejected: 0,
      too_large: 0,
      expired: 0,
      shutdown: 0,
      spool: 0,
    },
  };
}

/** Counters for hits that were lost for one reason. */
export function lostHits(reason: LossReason, hits: number): DeliveryCounters {
  const counts = createDeliveryCounters();
  counts.lost[reason] = hits;
  return counts;
}

/** Adds counters to a sum. */
export function addCounters(sum: DeliveryCounters, added: DeliveryCounters): void {
  sum.tracked += added.tracked;
  sum.accepted += added.accepted;
  sum.invalid += added.invalid;
  for (const reason of Object.keys(sum.lost) as LossReason[]) {
    sum.lost[reason] += added.lost[reason];
  }
}

/** The number of hits counted. */
export function sumOfCounters({ tracked, accepted, invalid, lost }: DeliveryCounters): number {
  return Object.values(lost).reduce((sum, count) => sum + count, tracked + accepted + invalid);
}

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

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

/** As what a hit counts that has a result and was not tracked. */
export type ResultName = 'accepted' | 'invalid' | LossReason;

/** Counters for hits that have one result. */
export function countAs(name: ResultName, hits: number): DeliveryCounters {
  if (name === 'accepted' || name === 'invalid')
    return { ...createDeliveryCounters(), [name]: hits };
  return lostHits(name, hits);
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

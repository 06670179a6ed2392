/** Why a hit was lost. */
export type LossReason =
  | 'queue_full'
  | 'unconfirmed'
  | 'rejected'
  | 'too_large'
  | 'expired'
  | 'shutdown'
  | 'spool';

/** What became of the hits that delivery was given. */
export interface DeliveryCounters {
  /** Matomo said that it tracked them. */
  tracked: number;
  /** Something took them that does not say what it does with them, as QueuedTracking. */
  accepted: number;
  /** Matomo refused them one by one. */
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

/** So many hits that were lost, all for one reason. */
export function lostHits(reason: LossReason, hits: number): DeliveryCounters {
  const counts = createDeliveryCounters();
  counts.lost[reason] = hits;
  return counts;
}

/** Adds what became of some hits to what became of others. */
export function addCounters(sum: DeliveryCounters, added: DeliveryCounters): void {
  sum.tracked += added.tracked;
  sum.accepted += added.accepted;
  sum.invalid += added.invalid;
  for (const reason of Object.keys(sum.lost) as LossReason[]) {
    sum.lost[reason] += added.lost[reason];
  }
}

/** How many hits these are. */
export function sumOfCounters({ tracked, accepted, invalid, lost }: DeliveryCounters): number {
  return Object.values(lost).reduce((sum, count) => sum + count, tracked + accepted + invalid);
}

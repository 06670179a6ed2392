const LOSS_REASONS = [
  'queue_full',
  'unconfirmed',
  'rejected',
  'too_large',
  'expired',
  'shutdown',
  'spool',
] as const;

/** Why a hit was lost. */
export type LossReason = (typeof LOSS_REASONS)[number];

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
  const none = LOSS_REASONS.map((reason) => [reason, 0]);
  return { tracked: 0, accepted: 0, invalid: 0, lost: Object.fromEntries(none) };
}

/** As what a hit counts that has a result and was not tracked. */
export type ResultName = 'accepted' | 'invalid' | LossReason;

/** How many hits have which result. */
export type HitResultCounts = Readonly<Partial<Record<'tracked' | ResultName, number>>>;

/** Adds results to a sum. */
export function addCounters(sum: DeliveryCounters, added: HitResultCounts): void {
  for (const [name, hits] of Object.entries(added) as [keyof HitResultCounts, number][]) {
    if (name === 'tracked' || name === 'accepted' || name === 'invalid') sum[name] += hits;
    else sum.lost[name] += hits;
  }
}

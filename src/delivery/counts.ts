const LOSS_REASONS = [
  'queue_full',
  'unconfirmed',
  'rejected',
  'too_large',
  'expired',
  'shutdown',
  'spool',
] as const;

/** The reasons for which a hit is lost. */
export type LossReason = (typeof LOSS_REASONS)[number];

/**
 * Numbers of hits by result. In each process, `hits + claimed = pending + stored + tracked + accepted + invalid + lost`. `hits` are the hits that
 * the process has created.
 */
export interface DeliveryCounts {
  /** Hits that were stored in a spool. */
  stored: number;
  /** Hits that were claimed from a spool. */
  claimed: number;
  /** Hits that Matomo reported as tracked. */
  tracked: number;
  /** Hits that a server accepted without results, such as QueuedTracking. */
  accepted: number;
  /** Hits that Matomo rejected individually. */
  invalid: number;
  readonly lost: Record<LossReason, number>;
  /** Hits that were sent again although an earlier request may have stored them. */
  resent: number;
}

export function createDeliveryCounts(): DeliveryCounts {
  const none = LOSS_REASONS.map((reason) => [reason, 0]);
  const lost = Object.fromEntries(none) as Record<LossReason, number>;
  return { stored: 0, claimed: 0, tracked: 0, accepted: 0, invalid: 0, lost, resent: 0 };
}

/** The hits that were lost between two points in time, by reason. */
export function lossesSince(
  before: DeliveryCounts['lost'],
  now: DeliveryCounts['lost'],
): DeliveryCounts['lost'] {
  const lost = LOSS_REASONS.map((reason) => [reason, now[reason] - before[reason]]);
  return Object.fromEntries(lost);
}

/** Numbers of hits by result. */
export type Results = Partial<Record<'tracked' | 'accepted' | 'invalid' | LossReason, number>>;

export function addResults(counts: DeliveryCounts, results: Results): void {
  for (const [name, hits] of Object.entries(results) as [keyof Results, number][]) {
    if (name === 'tracked' || name === 'accepted' || name === 'invalid') counts[name] += hits;
    else counts.lost[name] += hits;
  }
}

export function addTo(sum: Results, more: Results): void {
  for (const [name, hits] of Object.entries(more) as [keyof Results, number][])
    sum[name] = (sum[name] ?? 0) + hits;
}

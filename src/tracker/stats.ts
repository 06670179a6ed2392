import { isMainThread, threadId } from 'node:worker_threads';
import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { AsyncScope } from '../common/timers.js';
import { createDeliveryCounts, type LossReason } from '../delivery/counts.js';
import type { Delivery } from '../delivery/delivery.js';
import type { DropReason } from '../hit/additional-hit.js';
import { IGNORE_REASONS, type IgnoreReason } from './reasons.js';

/**
 * Results of all requests and hits since tracking began. At every moment
 * `hits + claimed = pending + stored + tracked + accepted + invalid + the sum of lost`.
 */
export interface MatomoStats {
  /** Hits that this process has created. */
  readonly hits: number;
  /** The part of `hits` that were tracked in addition to page views: events, goals, orders and others. */
  readonly additionalHits: number;
  /** The part of `hits` that are requests by AI chatbots. Matomo does not report whether it stored those. */
  readonly aiChatbots: number;
  /** Hits that this process claimed from the spool, its own and those of other processes. */
  readonly claimed: number;
  /** Hits that this process put into the spool. */
  readonly stored: number;
  /** Hits without a result in memory: queued, or in flight. */
  readonly pending: number;
  /** Hits that Matomo reported as tracked. */
  readonly tracked: number;
  /** Hits that a server accepted without saying whether Matomo tracked them, and those of a dry run. */
  readonly accepted: number;
  /** Hits that Matomo rejected individually. */
  readonly invalid: number;
  /**
   * Hits sent again after an answer that does not prove that nothing was stored, such as a 502: up to this many hits may be duplicated.
   * Not part of the sum above.
   */
  readonly resent: number;
  /** Lost hits, by reason. */
  readonly lost: { readonly [reason in LossReason]: number };
  /** Requests that were left out, by reason. They became neither a page view nor a hit of an AI chatbot. */
  readonly ignored: { readonly [reason in IgnoreReason]: number };
  /**
   * Calls of `trackEvent` and similar functions, and span events `matomo.hit`, that created no hit: beyond 100 of one request, without a visitor,
   * without the parameters that Matomo needs, or dropped by `beforeSend`. Not part of the sum above.
   */
  readonly dropped: { readonly [reason in DropReason]: number };
  /** Not part of the sum above. */
  readonly spans: {
    /** Spans with data for Matomo that had no effect: they ended too late for their request, belong to none, or could not be read. */
    readonly unused: number;
  };
}

/** Counts of hits before delivery. */
export function createHitCounts() {
  const dropped = { too_many: 0, no_visitor: 0, invalid: 0, predicate: 0 };
  const none = IGNORE_REASONS.map((reason) => [reason, 0]);
  const ignored: Record<IgnoreReason, number> = Object.fromEntries(none);
  return { hits: 0, additionalHits: 0, aiChatbots: 0, dropped, ignored, spans: { unused: 0 } };
}

export function toStats(
  counts: ReturnType<typeof createHitCounts>,
  { counts: delivered, pending }: Pick<Delivery, 'counts' | 'pending'>,
  unusedElsewhere: number,
): MatomoStats {
  const { dropped, ignored, spans, ...made } = counts;
  return {
    ...made,
    pending,
    ...delivered,
    lost: { ...delivered.lost },
    ignored: { ...ignored },
    dropped: { ...dropped },
    spans: { unused: spans.unused + unusedElsewhere },
  };
}

/** The counts if nothing tracks. */
export function noStats(): MatomoStats {
  return toStats(createHitCounts(), { counts: createDeliveryCounts(), pending: 0 }, 0);
}

/** Logs the counts as a line of JSON at the interval until `stop`, and a last line with `log`. Without an interval, logs nothing. */
export function createStatsLog(
  intervalMillis: number | undefined,
  read: () => MatomoStats,
  diagnostics: Pick<Diagnostics, 'print'>,
): { log(): void; stop(): void } {
  if (intervalMillis === undefined) return { log: () => undefined, stop: () => undefined };
  // These IDs tell the processes and threads of an application apart.
  const ids = isMainThread ? { pid: process.pid } : { pid: process.pid, thread: threadId };
  const log = () => diagnostics.print(coded('stats', JSON.stringify({ ...ids, ...read() })));
  const scope = new AsyncScope('MatomoStats');
  const timer = scope.runInAsyncScope(() => setInterval(log, intervalMillis).unref());
  return { log, stop: () => clearInterval(timer) };
}

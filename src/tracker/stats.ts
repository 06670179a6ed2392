import { isMainThread, threadId } from 'node:worker_threads';
import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { AsyncScope } from '../common/timers.js';
import { createDeliveryCounts, type LossReason } from '../delivery/counts.js';
import type { Delivery } from '../delivery/delivery.js';
import type { DropReason } from '../hit/additional-hit.js';
import { createIsInRanges, NAMED_RANGES } from '../hit/visitor/addresses.js';
import { IGNORE_REASONS, type IgnoreReason } from './reasons.js';

/**
 * What became of every request, counted since start. At every moment
 * `hits + claimed = pending + stored + tracked + accepted + invalid + the sum of lost`.
 */
export interface MatomoStats {
  /** Hits made here, at the end of their request. */
  readonly hits: number;
  /** The part of `hits` that was tracked besides page views: events, goals, orders and others. */
  readonly additionalHits: number;
  /** The part of `hits` that is of requests by AI chatbots. Matomo does not tell whether it kept those. */
  readonly aiChatbots: number;
  /** Hits that came out of the spool, of this and of other processes. */
  readonly claimed: number;
  /** Hits that went into the spool. */
  readonly stored: number;
  /** Hits without a result in memory: queued, or in flight. */
  readonly pending: number;
  /** Matomo said that it tracked them. */
  readonly tracked: number;
  /** Taken by a queue in front of Matomo that does not say what it does with them, and what a dry run would have sent. */
  readonly accepted: number;
  /** Rejected by Matomo, hit by hit. */
  readonly invalid: number;
  /**
   * Hits sent again after an answer that does not prove that nothing was stored, such as a 502: so many may be duplicated.
   * Not part of the sum above.
   */
  readonly resent: number;
  /** Lost, by reason. */
  readonly lost: { readonly [reason in LossReason]: number };
  /** Requests that were left out and are no hits, by reason. */
  readonly ignored: { readonly [reason in IgnoreReason]: number };
  /**
   * Calls of `trackEvent` and its siblings, and span events `matomo.hit`, that made no hit: more than 100 of one request, of
   * nobody, without what Matomo needs, or dropped by `beforeSend`. Not part of the sum above.
   */
  readonly dropped: { readonly [reason in DropReason]: number };
  /** Not part of the sum above. */
  readonly spans: {
    /** Spans with something for Matomo that had no effect: they ended too late for their request, belong to none, or could not be read. */
    readonly unused: number;
  };
}

/** What is counted before delivery. */
export type HitCounts = ReturnType<typeof createHitCounts>;

export function createHitCounts() {
  const dropped = { too_many: 0, no_visitor: 0, invalid: 0, predicate: 0 };
  /** What metrics say of spans. Requests that only Node.js announced have none. */
  const spans = {
    /** Those that `MatomoStats` has, without those of a gateway. */
    unused: 0,
    /** SERVER spans whose page view was queued. */
    processed: 0,
    /** SERVER spans whose page view was not, by the reasons that OpenTelemetry's semantic conventions name. */
    failed: { queue_full: 0, already_shutdown: 0 },
  };
  const none = IGNORE_REASONS.map((reason) => [reason, 0]);
  const ignored: Record<IgnoreReason, number> = Object.fromEntries(none);
  return { hits: 0, additionalHits: 0, aiChatbots: 0, dropped, ignored, spans };
}

/** A copy that does not change any more. */
export function toStats(
  counts: HitCounts,
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

/** What a processor that is off has counted. */
export function noStats(): MatomoStats {
  return toStats(createHitCounts(), { counts: createDeliveryCounts(), pending: 0 }, 0);
}

/** Logs a line of JSON at the interval, until `stop`, and the last one at the end with `log`; without an interval, none. */
export function createStatsLog(
  intervalMillis: number | undefined,
  read: () => MatomoStats,
  diagnostics: Pick<Diagnostics, 'print'>,
): { log(): void; stop(): void } {
  if (intervalMillis === undefined) return { log: () => undefined, stop: () => undefined };
  // Tell the processes and threads of an application apart.
  const ids = isMainThread ? { pid: process.pid } : { pid: process.pid, thread: threadId };
  const log = () => diagnostics.print(coded('stats', JSON.stringify({ ...ids, ...read() })));
  const scope = new AsyncScope('MatomoStats');
  const timer = scope.runInAsyncScope(() => setInterval(log, intervalMillis).unref());
  return { log, stop: () => clearInterval(timer) };
}

/** Reasons that do not show that pages reach this process. */
const NOISE: ReadonlySet<string> = new Set(['static', 'prefetch', 'mcp']);
/** If all of these are ignored, that is no coincidence. */
const FIRST_REQUESTS = 20;

/**
 * Logs once if the first 20 requests were all ignored for reasons that usually concern only some of them. Returns a function to call
 * with the reason for which a request was ignored, or with `undefined` if it makes a hit.
 */
export function watchFirstRequests(
  diagnostics: Pick<Diagnostics, 'warnOnce'>,
): (reason: IgnoreReason | undefined) => void {
  let counts: Map<string, number> | undefined = new Map();
  let requests = 0;

  return function countFirstRequest(reason) {
    if (counts === undefined) return;
    if (reason === undefined || !NOISE.has(reason)) {
      counts = undefined;
      return;
    }
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
    requests += 1;
    if (requests < FIRST_REQUESTS) return;
    const list = Array.from(counts, ([reason, count]) => `${reason}: ${count}`).join(', ');
    const text = `The first ${FIRST_REQUESTS} requests were all ignored (${list}). Matomo has received nothing yet. If this process serves pages, check that their requests reach it; to track such requests, set staticFiles or prefetches to track, or mcp to all.`;
    diagnostics.warnOnce('all-ignored', coded('all-ignored', text));
    counts = undefined;
  };
}

/**
 * Logs once if more than half of the first 20 tracked requests came through a proxy with a private address, and `trustProxy` is not set: then the
 * clients behind it are few visitors. Returns a function to call with each of these, until it returns true.
 */
export function watchProxies(
  diagnostics: Pick<Diagnostics, 'warnOnce'>,
): (address: string | undefined, isForwarded: boolean) => boolean {
  const isPrivate = createIsInRanges([...NAMED_RANGES.keys()]);
  let requests = 0;
  let forwarded = 0;

  return function countProxied(address, isForwarded) {
    requests += 1;
    if (isForwarded && address !== undefined && isPrivate(address)) forwarded += 1;
    if (requests < FIRST_REQUESTS) return false;
    if (forwarded > requests / 2) {
      const text = `Of the first ${requests} requests, ${forwarded} came from a private or loopback address with X-Forwarded-For: a proxy is in front of this server, and trustProxy is not set. All of its clients with the same user agent are one visitor. Set MATOMO_TRUST_PROXY: 1 for one proxy, 2 for two; docs/proxies.md has more.`;
      diagnostics.warnOnce('proxy-not-trusted', coded('proxy-not-trusted', text));
    }
    return true;
  };
}

import type { Diagnostics } from '../common/diagnostics.js';
import type { ExitControl } from '../common/exit-control.js';
import { coded } from '../common/messages.js';
import { atExit } from '../delivery/at-exit.js';
import { createDeliveryCounters } from '../delivery/counters.js';
import type { Delivery } from '../delivery/delivery.js';
import { createFindIgnoreReason } from '../hit/find-ignore-reason.js';
import { type Hit, type PendingHit, SETTLE_MILLIS } from '../hit/hit.js';
import { createHitBuilder } from '../hit/hit-builder.js';
import type { HttpRequest } from '../hit/http-request.js';
import { resolveOptions } from '../options/resolve-options.js';
import type { ResolvedOptions } from '../options/resolved-options.js';
import type { MatomoOptions } from '../options.js';
import type { FinishedSpan } from '../requests/finished-span.js';
import { createRequestReading, type RequestReading } from '../requests/request-reading.js';
import type { EndedRecord } from '../requests/request-record.js';
import { createDelivery } from './create-delivery.js';
import { type ComponentType, observeStats } from './metrics.js';
import { createOptionCallbacks, nameOf, type OptionCallbacks } from './option-callbacks.js';
import { createSortRequest, type SortRequest } from './sort-request.js';
import { createIgnoredCounters, type IgnoreReason, type MatomoStats, toStats } from './stats.js';

/** From ended requests to Matomo: decides which make hits, and counts all of them. */
export class HitPipeline implements ExitControl {
  readonly #options: ResolvedOptions;
  readonly #diagnostics: Diagnostics;
  readonly #delivery: Delivery;
  readonly #visitorKey: () => string | Buffer;
  #buildHits: ReturnType<typeof createHitBuilder> | undefined;
  readonly #findIgnoreReason: ReturnType<typeof createFindIgnoreReason>;
  readonly #ask: OptionCallbacks;
  readonly #ignored = createIgnoredCounters();
  /** How long a hit waits for work of its request that has not ended. */
  readonly longestHoldMillis: number;
  /** Bytes that hits may take in the spool besides those that it has been given; no end without one. */
  readonly spoolRoom: () => number;
  readonly #sort: SortRequest;
  #hits = 0;
  #aiChatbots = 0;
  #isExitFlushOn = false;
  readonly #releaseExit: () => void;

  constructor(options: ResolvedOptions, diagnostics: Diagnostics, component: ComponentType) {
    this.#options = options;
    this.#diagnostics = diagnostics;
    const { delivery, longestHoldMillis, visitorKey, spoolRoom } = createDelivery(
      options,
      diagnostics,
    );
    this.#delivery = delivery;
    this.spoolRoom = spoolRoom;
    this.longestHoldMillis = longestHoldMillis;
    if (options.meterProvider) {
      observeStats(options.meterProvider, () => this.stats(), options.maxQueueSize, component);
    }
    this.#findIgnoreReason = createFindIgnoreReason(options);
    this.#ask = createOptionCallbacks(options, diagnostics);
    this.#sort = createSortRequest(options);
    this.#visitorKey = visitorKey;
    if (options.exitFlush) this.enable();
    this.#releaseExit = atExit(() => this.finish());
  }

  /** Makes a hit of the request whose server span has ended, or counts why not. */
  add(ended: EndedRecord, span: FinishedSpan): void {
    const site = this.#siteOf(ended, span);
    if (typeof site === 'string') {
      this.#ignored[site] += 1;
      ended.close();
      return;
    }
    ended.request.given = this.#ask.parametersOf(ended, span, site);
    this.#hits += 1;
    if (ended.request.chatbotResponse !== undefined) this.#aiChatbots += 1;
    const hit = new PendingRequest(this, ended, site);
    if (!this.#delivery.push(hit)) ended.close();
  }

  flush(): Promise<void> {
    return this.#delivery.flush();
  }

  async shutdown(deadlineMillis: number = this.#options.shutdownTimeoutMillis): Promise<void> {
    await this.#delivery.shutdown(deadlineMillis);
    if (!this.#isExitFlushOn) this.#releaseExit();
  }

  enable(): void {
    if (this.#options.exitFlush === false) return;
    this.#isExitFlushOn = true;
    this.#delivery.keepForExit();
  }

  hurry(): void {
    this.#delivery.hurry();
  }

  finish(): void {
    const refusal = this.#isExitFlushOn ? undefined : 'exitFlush is off';
    this.#delivery.finish(this.#options.shutdownTimeoutMillis, refusal);
  }

  /** Roughly what hits take in memory, of `maxQueueBytes`. */
  get queueBytes(): number {
    return this.#delivery.queueBytes;
  }

  /** Pending hits that wait until Matomo has processed something else: each made it fail alone. */
  get suspects(): number {
    return this.#delivery.suspects;
  }

  stats(): MatomoStats {
    return toStats(
      { hits: this.#hits, aiChatbots: this.#aiChatbots },
      this.#delivery,
      this.#delivery.counters,
      this.#ignored,
    );
  }

  /** The site that a request belongs to, or why it makes no hit. */
  #siteOf(ended: EndedRecord, span: FinishedSpan): number | IgnoreReason {
    if (ended.ignored) return 'attribute';
    const reason = this.#findIgnoreReason(ended.request);
    if (reason !== undefined) return reason;
    if (this.#ask.isIgnored(ended, span)) return 'predicate';
    const site = this.#ask.siteOf(ended, span);
    return site === undefined ? 'site' : (this.#sort(ended, span) ?? site);
  }

  /** The hits of a request as it is now, for good. */
  finalize(ended: EndedRecord, site: number, epochMillis: number): readonly Hit[] {
    ended.close();
    if (ended.ignored) return this.#takeBack(ended, 'attribute');
    try {
      this.#buildHits ??= this.#createHitBuilder();
      const hits = this.#buildHits(ended.request, site, epochMillis);
      if (hits.length === 0) return this.#takeBack(ended, 'predicate');
      const [page, ...crashes] = hits;
      if (crashes.length === 0 || !this.#delivery.takesCrashes) return [page as Hit];
      this.#hits += crashes.length;
      return hits;
    } catch (error) {
      this.#delivery.counters.lost.rejected += 1;
      this.#diagnostics.warnOnce(
        'to-hit',
        coded('internal-error', `a request could not be made a hit: ${nameOf(error)}`),
      );
      return [];
    }
  }

  #createHitBuilder(): ReturnType<typeof createHitBuilder> {
    const hasToken = this.#options.tokenAuth !== undefined;
    return createHitBuilder(
      { ...this.#options, hasToken, visitorKey: this.#visitorKey() },
      (key, message) =>
        this.#diagnostics.warnOnce(key, () =>
          coded(key.startsWith('throws ') ? 'option-threw' : 'parameter-refused', message()),
        ),
    );
  }

  /** What was counted as a hit is none after all. */
  #takeBack({ request }: EndedRecord, reason: IgnoreReason): readonly Hit[] {
    this.#hits -= 1;
    if (request.chatbotResponse !== undefined) this.#aiChatbots -= 1;
    this.#ignored[reason] += 1;
    return [];
  }
}

/** The hit of an ended request, as long as spans of it may still end. */
class PendingRequest implements PendingHit {
  readonly endedMillis: number = performance.now();
  readonly bytes: number;
  readonly #pipeline: HitPipeline;
  readonly #ended: EndedRecord;
  readonly #site: number;

  constructor(pipeline: HitPipeline, ended: EndedRecord, site: number) {
    this.#pipeline = pipeline;
    this.#ended = ended;
    this.#site = site;
    this.bytes = bytesOf(ended.request);
  }

  isFinal(nowMillis: number): boolean {
    const wait = this.#ended.running ? this.#pipeline.longestHoldMillis : SETTLE_MILLIS;
    return nowMillis - this.endedMillis >= wait;
  }

  finalize(epochMillis: number): readonly Hit[] {
    return this.#pipeline.finalize(this.#ended, this.#site, epochMillis);
  }
}

/** Roughly what the objects around a waiting request take. */
export const REQUEST_BYTES = 1000;

/** Roughly what a waiting hit takes: those, and its texts. */
function bytesOf({
  path,
  query,
  userAgent,
  referrer,
  acceptLanguage,
  clientHints,
}: HttpRequest): number {
  return (
    REQUEST_BYTES +
    path.length +
    (query?.length ?? 0) +
    (userAgent?.length ?? 0) +
    (referrer?.length ?? 0) +
    (acceptLanguage?.length ?? 0) +
    (clientHints?.length ?? 0)
  );
}

/** The pipeline for options as a user gives them, and how it wants requests read; `undefined` where nothing is to be tracked. */
export function createHitPipeline(
  options: MatomoOptions,
  diagnostics: Diagnostics,
  component: ComponentType,
): { pipeline: HitPipeline; reading: RequestReading; resolved: ResolvedOptions } | undefined {
  const resolved = resolveOptions(options, process.env, diagnostics);
  if (!resolved) return undefined;
  if (!resolved.pageViews && resolved.aiChatbots === 'off') {
    diagnostics.warnOnce('only-explicit-events', coded('only-explicit-events', ONLY_EVENTS));
  }
  const pipeline = new HitPipeline(resolved, diagnostics, component);
  return { pipeline, reading: createRequestReading(resolved, diagnostics), resolved };
}

const ONLY_EVENTS =
  'pageViews is false and aiChatbots is off. Only explicit events can be sent, and no request. Set aiChatbots to separate, or pageViews to true, unless that is meant';

/** What a processor that is off has counted. */
export function noStats(): MatomoStats {
  const nothing = { pending: 0, spooled: 0, adopted: 0, resent: 0 };
  return toStats(
    { hits: 0, aiChatbots: 0 },
    nothing,
    createDeliveryCounters(),
    createIgnoredCounters(),
  );
}

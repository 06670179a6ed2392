import { describeError } from '../common/describe-error.js';
import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import type { Delivery } from '../delivery/delivery.js';
import type { FurtherHit } from '../hit/further-hit.js';
import { createHitBuilder, type HitBuilder } from '../hit/hit-builder.js';
import type { PageView } from '../hit/page-view.js';
import type { ReportProblem } from '../hit/parameters/annotations.js';
import type { KeyOfDay } from '../hit/visitor/visitor-id.js';
import type { ResolvedOptions } from '../options/option-table.js';
import { resolveOptions } from '../options/resolve-options.js';
import type { MatomoOptions } from '../options.js';
import { operationNames } from '../requests/operations/proven-names.js';
import {
  createRequestReading,
  type RequestReading,
  readOpenRequest,
} from '../requests/read-request.js';
import type { EndedRequest, HitReports, Request, RequestSink } from '../requests/request.js';
import { type CreatedDelivery, createDelivery } from './create-delivery.js';
import { FurtherHits } from './further-hits.js';
import { type DecisionParts, Decisions, type IgnoreReason } from './ignore-reasons.js';
import { type ComponentType, Metrics } from './metrics.js';
import { createOptionCallbacks } from './option-callbacks.js';
import { CHILD_SPAN_WAIT_MILLIS, PendingHits } from './pending-hits.js';
import { PipelineEnd } from './pipeline-end.js';
import {
  createHitCounts,
  createStatsLog,
  type MatomoStats,
  toStats,
  watchFirstRequests,
} from './stats.js';
import { announceOptions, findWorkerProblem } from './worker-options.js';

/** From ended requests to Matomo: decides which make hits, and counts all of them. */
export class HitPipeline implements RequestSink {
  readonly #parts: DecisionParts & { readonly report: ReportProblem };
  readonly delivery: Delivery;
  readonly #made: CreatedDelivery;
  #builder: HitBuilder | undefined;
  #visitorKey: string | Buffer | KeyOfDay | undefined;
  readonly #decisions: Decisions;
  readonly #counts = createHitCounts();
  readonly #countFirstRequest: (reason: IgnoreReason | undefined) => void;
  readonly #further: FurtherHits;
  /** Ended requests whose spans may still end, or for which a spool may still provide the key of visitor IDs. */
  readonly #pending = new PendingHits<EndedRequest>(
    CHILD_SPAN_WAIT_MILLIS,
    (request) => this.#addHits(request, true),
    () => this.#made.hasVisitorKey(),
  );
  readonly reports: HitReports;
  readonly #metrics: Metrics | undefined;
  readonly end: PipelineEnd;
  /** Counts exports that a gateway refused. */
  refusedExports: () => number | undefined = () => undefined;
  readonly #unusedElsewhere: () => number;

  constructor(
    options: ResolvedOptions,
    diagnostics: Diagnostics,
    component: ComponentType,
    reading: RequestReading,
    unusedElsewhere: () => number,
  ) {
    this.#unusedElsewhere = unusedElsewhere;
    const { meterProvider, statsIntervalMillis, maxQueueSize: capacity } = options;
    this.#metrics = meterProvider && new Metrics(meterProvider, component, diagnostics);
    this.#made = createDelivery(options, diagnostics, this.#metrics);
    const { delivery } = this.#made;
    this.delivery = delivery;
    this.#metrics?.start(() => {
      const refusedExports = this.refusedExports();
      const { spans } = this.#counts;
      return { stats: this.stats(), spans, capacity, delivery, refusedExports };
    });
    const callbacks = createOptionCallbacks(options, diagnostics);
    // The message is made once: names that resemble an unknown one are looked for.
    const report: ReportProblem = (key, message) =>
      diagnostics.warnOnce(key, () => coded('parameter-invalid', message()));
    const builder = () => this.#hits;
    const parts = { options, diagnostics, callbacks, builder, report };
    this.#parts = parts;
    void this.#hits; // now, because it takes milliseconds
    this.#decisions = new Decisions(parts);
    this.#countFirstRequest = watchFirstRequests(diagnostics);
    this.#further = new FurtherHits({
      ...parts,
      delivery,
      decisions: this.#decisions,
      counts: this.#counts,
      loseHit: (error) => this.loseRequest(error),
      readOpen: (request) => readOpenRequest(request, reading),
    });
    this.reports = this.#further;
    const statsLog = createStatsLog(statsIntervalMillis, () => this.stats(), diagnostics);
    const endPending = () => this.#endPending();
    const { budget, exitFlush } = this.#made;
    this.end = new PipelineEnd({
      hasExitFlush: options.exitFlush,
      ...{ diagnostics, delivery, budget, exitFlush, statsLog, endPending },
    });
  }

  /** What builds hits. Made again if a spool that was opened late has another visitor key. */
  get #hits(): HitBuilder {
    const visitorKey = this.#made.visitorKey();
    if (this.#builder && visitorKey === this.#visitorKey) return this.#builder;
    this.#visitorKey = visitorKey;
    const { options, callbacks, report } = this.#parts;
    const { beforeSend } = callbacks;
    const hasToken = options.tokenAuth !== undefined;
    this.#builder = createHitBuilder({ ...options, hasToken, visitorKey, beforeSend }, report);
    return this.#builder;
  }

  /** Decides whether a request that has ended makes a hit, and makes it, unless spans of it may still end. */
  addRequest(request: EndedRequest): void {
    try {
      operationNames.learn(request.http);
      const reason = this.#decisions.decide(request);
      this.#countFirstRequest(reason);
      this.#further.addOfSpans(request);
      if (reason !== undefined) this.#counts.ignored[reason] += 1;
      else this.end.beforeHit(this.#counts.hits === 0);
      // One whose SERVER span has not ended has waited for longer.
      const mayChange =
        request.finder !== undefined && request.traceId !== '' && request.span?.ended !== false;
      const mayWait = reason === undefined && !this.delivery.isClosed;
      if (mayWait && (mayChange || !this.#made.hasVisitorKey())) this.#pending.add(request);
      else this.#addHits(request, reason === undefined);
    } catch (error) {
      this.loseRequest(error);
      this.#addHits(request, false);
    } finally {
      request.release();
    }
  }

  loseRequest(error: unknown): void {
    this.#counts.hits += 1;
    this.delivery.counts.lost.rejected += 1;
    const text = `A hit could not be built (${describeError(error)}). It is lost and counted as rejected. Please report this.`;
    this.#parts.diagnostics.warnOnce('to-hit', coded('internal-error', text));
  }

  /** Makes the hits of an ended request. Annotations that arrive later have no effect. */
  #addHits(request: EndedRequest, hasPage: boolean): void {
    request.close();
    let page: PageView | undefined;
    try {
      if (hasPage) page = this.#addPageView(request);
    } catch (error) {
      this.loseRequest(error);
    }
    this.#further.addAfterEnd(request, page);
    request.shorten();
  }

  /** Builds a page view and counts it, or counts why there is none. */
  #addPageView(request: EndedRequest): PageView | undefined {
    const { site = 0 } = request;
    const reason = this.#decisions.findLateReason(request);
    if (reason !== undefined) {
      this.#counts.ignored[reason] += 1;
      return undefined;
    }
    const operation = operationNames.admit(request.http);
    if (operation !== request.http.operation) request.http = { ...request.http, operation };
    const page = this.#hits.read(request.http, site, Date.now());
    const hit = this.#hits.buildPageView(page);
    if (!hit) {
      this.#counts.ignored.predicate += 1;
      return page;
    }
    this.#counts.hits += 1;
    if (request.http.chatbotResponse !== undefined) this.#counts.aiChatbots += 1;
    const isTaken = this.delivery.put(hit);
    const { spans } = this.#counts;
    if (request.spanId === '') return page;
    if (isTaken) spans.processed += 1;
    else spans.failed[this.delivery.isClosed ? 'already_shutdown' : 'queue_full'] += 1;
    return page;
  }

  addFurtherHit(hit: FurtherHit, request?: Request | 'unknown'): void {
    this.end.beforeHit(this.#counts.hits === 0);
    this.#further.add(hit, request);
    this.end.afterHit();
  }

  countUnused(): void {
    this.#counts.spans.unused += 1;
  }

  async shutdown(
    deadlineMillis: number = this.#parts.options.shutdownTimeoutMillis,
  ): Promise<void> {
    if (!this.#made.hasVisitorKey()) await this.#made.visitorKeyFound();
    await this.end.close(deadlineMillis);
    this.#metrics?.stop();
    this.#made.close();
  }

  stats(): MatomoStats {
    return toStats(this.#counts, this.delivery, this.#unusedElsewhere());
  }

  /** Makes one attempt to send everything, see `Delivery.flush`. */
  async flush(): Promise<void> {
    if (!this.#made.hasVisitorKey()) await this.#made.visitorKeyFound();
    this.#endPending();
    return this.delivery.flush();
  }

  /** Makes the hits that wait for spans or for the end of their request. */
  #endPending(): void {
    this.#pending.endAll();
    this.#further.endAll();
  }
}

/**
 * The pipeline for options as a user gives them, and how it wants requests read; `undefined` where nothing is to be tracked.
 *
 * @param unusedElsewhere returns the number of unused spans that the pipeline has not seen
 */
export function createHitPipeline(
  options: MatomoOptions,
  diagnostics: Diagnostics,
  component: ComponentType,
  unusedElsewhere: () => number = () => 0,
): { pipeline: HitPipeline; reading: RequestReading; resolved: ResolvedOptions } | undefined {
  const resolved = resolveOptions(options, process.env, diagnostics);
  if (!resolved) return undefined;
  const problem = findWorkerProblem(options);
  if (problem !== undefined) {
    diagnostics.error(problem);
    return undefined;
  }
  announceOptions(options);
  if (!resolved.pageViews && resolved.aiChatbots === 'off') {
    diagnostics.warnOnce('only-explicit-events', coded('only-explicit-events', ONLY_EVENTS));
  }
  const reading = createRequestReading(resolved, diagnostics);
  const pipeline = new HitPipeline(resolved, diagnostics, component, reading, unusedElsewhere);
  return { pipeline, reading, resolved };
}

const ONLY_EVENTS =
  'pageViews is false and aiChatbots is off. No request makes a hit; only explicit events are sent. If you want more, set aiChatbots to separate or pageViews to true.';

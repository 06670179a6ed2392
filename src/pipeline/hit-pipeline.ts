import { describeError } from '../common/describe-error.js';
import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import type { Delivery } from '../delivery/delivery.js';
import type { FurtherHit } from '../hit/further-hit.js';
import type { Hit } from '../hit/hit.js';
import { createHitBuilder, type HitBuilder } from '../hit/hit-builder.js';
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
import { PendingPageView } from './pending-hits.js';
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
    const { exitFlush, meterProvider, statsIntervalMillis, maxQueueSize: capacity } = options;
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
    this.#decisions = new Decisions(parts);
    this.#countFirstRequest = watchFirstRequests(diagnostics);
    this.#further = new FurtherHits({
      ...parts,
      delivery,
      decisions: this.#decisions,
      counts: this.#counts,
      loseHit: (error) => this.#loseHit(error),
      readOpen: (request) => readOpenRequest(request, reading),
    });
    this.reports = this.#further;
    const statsLog = createStatsLog(statsIntervalMillis, () => this.stats(), diagnostics);
    this.end = new PipelineEnd({ exitFlush, diagnostics, delivery, statsLog });
  }

  /** What builds hits. Made when first asked, and again if a spool that was opened late has another visitor key. */
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

  /** Makes a hit of a request that has ended, or counts why not. */
  addRequest(request: EndedRequest): void {
    try {
      operationNames.learn(request.http);
      const reason = this.#decisions.decide(request);
      this.#countFirstRequest(reason);
      if (reason !== undefined) this.#counts.ignored[reason] += 1;
      const page = reason === undefined ? this.#addPageView(request) : undefined;
      if (!page) request.close();
      this.#further.addAfterEnd(request, page);
      if (!page) request.shorten();
    } catch (error) {
      request.close();
      this.loseRequest(error);
    } finally {
      request.release();
    }
  }

  loseRequest(error: unknown): void {
    this.#counts.hits += 1;
    this.#loseHit(error);
  }

  /** `undefined` if there is no room for it. */
  #addPageView(request: EndedRequest): PendingPageView | undefined {
    this.end.beforeHit(this.#counts.hits === 0);
    this.#counts.hits += 1;
    if (request.http.chatbotResponse !== undefined) this.#counts.aiChatbots += 1;
    const page = new PendingPageView(this, request);
    const isTaken = this.delivery.push(page);
    const { spans } = this.#counts;
    if (request.span && isTaken) spans.processed += 1;
    else if (request.span)
      spans.failed[this.delivery.isClosed ? 'already_shutdown' : 'queue_full'] += 1;
    return isTaken ? page : undefined;
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
    await this.end.shutdown(deadlineMillis);
    this.#metrics?.stop();
    this.#made.close();
  }

  stats(): MatomoStats {
    return toStats(this.#counts, this.delivery, this.#unusedElsewhere());
  }

  /** Builds the final hits of a request. Annotations that arrive later have no effect. */
  finalize(pending: PendingPageView, epochMillis: number): readonly Hit[] {
    const { request } = pending;
    const { site = 0 } = request;
    request.close();
    try {
      const reason = this.#decisions.findLateReason(request);
      if (reason !== undefined) return this.#takeBack(request, reason);
      const operation = operationNames.admit(request.http);
      if (operation !== request.http.operation) request.http = { ...request.http, operation };
      pending.built = this.#hits.read(request.http, site, epochMillis);
      const hit = this.#hits.buildPageView(pending.built);
      return hit ? [hit] : this.#takeBack(request, 'predicate');
    } catch (error) {
      this.#loseHit(error);
      return [];
    } finally {
      request.shorten();
      if (pending.built?.request !== request.http) pending.built = undefined; // it has the longer one
    }
  }

  #loseHit(error: unknown): void {
    this.delivery.counters.lost.rejected += 1;
    const text = `A hit could not be built (${describeError(error)}). It is lost and counted as rejected. Please report this.`;
    this.#parts.diagnostics.warnOnce('to-hit', coded('internal-error', text));
  }

  /** What was counted as a hit is none after all. */
  #takeBack({ http }: EndedRequest, reason: IgnoreReason): readonly Hit[] {
    this.#counts.hits -= 1;
    if (http.chatbotResponse !== undefined) this.#counts.aiChatbots -= 1;
    this.#counts.ignored[reason] += 1;
    return [];
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

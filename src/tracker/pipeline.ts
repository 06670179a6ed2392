import { describeError } from '../common/describe-error.js';
import type { Diagnostics } from '../common/diagnostics.js';
import { environment } from '../common/environment.js';
import { coded, type MessageCode } from '../common/messages.js';
import {
  type EndMember,
  isExiting,
  isKilledBySigterm,
  joinProcessEnd,
  leaveProcessEnd,
} from '../common/process-end.js';
import type { Delivery } from '../delivery/delivery.js';
import { createHitBuilder, type HitBuilder } from '../hit/hit-builder.js';
import type { HitText } from '../hit/hit-text.js';
import type { HttpRequest, Writable } from '../hit/http-request.js';
import type { ReportProblem } from '../hit/parameters/annotations.js';
import type { ResolvedOptions } from '../options/option-table.js';
import { resolveOptions } from '../options/resolve-options.js';
import type { MatomoOptions } from '../options.js';
import type { Ends } from '../request/ends.js';
import { createRequestReading, type RequestReading, readRequest } from '../request/read-request.js';
import { AddedHits, type Request } from '../request/request.js';
import { currentStatusOf } from '../request/response-status.js';
import type { Tracker } from '../request/tracker.js';
import type { Spans } from '../spans/spans.js';
import { AdditionalHits } from './additional-hits.js';
import { createOptionCallbacks } from './callbacks.js';
import { type CreatedDelivery, createDelivery } from './create-delivery.js';
import { createCountForwarded } from './first-requests.js';
import { type Instruments, reportMetrics } from './metrics.js';
import { createDecide, type IgnoreReason } from './reasons.js';
import { createHitCounts, createStatsLog, type MatomoStats, toStats } from './stats.js';
import { announceOptions, findWorkerProblem } from './worker-options.js';

/** The component that a pipeline belongs to. */
export interface PipelineOwner {
  /** The component's `otel.component.type`. */
  readonly component: string;
  /** Metrics that only this component has. */
  readonly counters?: Instruments;
  /** Returns the number of unused spans that never reached the pipeline. */
  readonly countUnused?: () => number;
}

/** The maximum total length of path, query and referrer that an idle connection may keep in memory. */
const MAX_SHARED_CHARACTERS = 1024;

/** After this number of requests without a SERVER span, a processor that got no spans logs an error. */
const REQUESTS_TO_JUDGE = 100;

/** Processes requests from their end to delivery: reads, decides, counts, builds and queues. When the process ends, pending hits are sent. */
export class Pipeline implements Tracker, EndMember {
  readonly options: ResolvedOptions;
  readonly reading: RequestReading;
  readonly delivery: Delivery;
  readonly #diagnostics: Diagnostics;
  readonly #made: CreatedDelivery;
  readonly #createBuilder: () => HitBuilder;
  /** Builds hits. `undefined` until it is rebuilt with the visitor key of a spool that opened late. */
  #builder: HitBuilder | undefined;
  readonly report: ReportProblem;
  readonly #decide: (http: HttpRequest, request: Request) => IgnoreReason | undefined;
  readonly counts = createHitCounts();
  /** Checks the first tracked requests for a proxy; `undefined` afterwards. */
  #countForwarded: ReturnType<typeof createCountForwarded> | undefined;
  readonly #additional: AdditionalHits;
  readonly #stopMetrics: (() => void) | undefined;
  readonly #countUnused: () => number;
  readonly #statsLog: ReturnType<typeof createStatsLog>;
  /** Functions that build hits once the visitor key is known, which a spool may still provide; `undefined` if no hit waits. */
  #unbuilt: (() => void)[] | undefined;
  /** Whether requests without a SERVER span are tracked. */
  countsAll = true;
  /** The number of requests that were not tracked because they have no SERVER span. */
  #uncounted = 0;
  /** The open requests and the spans of this process; `undefined` if nothing watches them. */
  ends: Pick<Ends, 'endWaiting' | 'endOpen'> | undefined;
  spans: Pick<Spans, 'describe' | 'discard'> | undefined;
  listensToSignals = false;
  #hasExitFlush: boolean | undefined;
  #isFinishing = false;
  /** Whether all hits have a result. Then the pipeline leaves the process end until there is another hit. */
  #isEnded = false;

  constructor(options: ResolvedOptions, diagnostics: Diagnostics, owner: PipelineOwner) {
    const { meterProvider, statsIntervalMillis } = options;
    const { component, counters = {}, countUnused = () => 0 } = owner;
    this.options = options;
    this.#diagnostics = diagnostics;
    this.#countUnused = countUnused;
    this.reading = createRequestReading(options, diagnostics);
    this.#made = createDelivery(options, diagnostics, () => {
      this.#builder = undefined;
    });
    const { delivery } = this.#made;
    this.delivery = delivery;
    const observe = () => ({ stats: this.stats(), delivery });
    this.#stopMetrics =
      meterProvider && reportMetrics(meterProvider, component, observe, counters, diagnostics);
    const callbacks = createOptionCallbacks(options, diagnostics);
    // The text of a message is built only if it is logged.
    this.report = (key, message) =>
      diagnostics.warnOnce(key, () => coded('parameter-invalid', message()));
    this.#decide = createDecide(options, diagnostics, callbacks);
    if (options.trustProxy === false) this.#countForwarded = createCountForwarded(diagnostics);
    this.#additional = new AdditionalHits(this, diagnostics);
    this.#statsLog = createStatsLog(statsIntervalMillis, () => this.stats(), diagnostics);
    this.#hasExitFlush = options.exitFlush;
    delivery.keepsForExit = options.exitFlush === true;
    joinProcessEnd(this);
    const hasToken = options.tokenAuth !== undefined;
    const ofHits = { ...options, hasToken, beforeSend: callbacks.beforeSend };
    this.#createBuilder = () =>
      createHitBuilder({ ...ofHits, visitorKey: this.#made.visitorKey() }, this.report);
    void this.builder; // so that no request waits for it
    const found = this.#made.visitorKeyFound(true);
    if (found) this.#unbuilt = [];
    void found?.then(() => this.#buildUnbuilt());
  }

  get builder(): HitBuilder {
    this.#builder ??= this.#createBuilder();
    return this.#builder;
  }

  /** Handles the end of a request: builds its hits, or counts why there are none, and releases the request. Never throws. */
  readonly end = (request: Request): void => {
    try {
      if (request.span) this.spans?.describe(request);
      const http = readRequest(request, this.reading);
      if (http === undefined) {
        this.spans?.discard(request); // such as the span of a function call
        this.#additional.endWithoutHttp(request);
        request.hits = undefined;
        return;
      }
      request.http = http;
      const hasPage = this.countsAll || request.span !== undefined;
      if (!hasPage) {
        this.#countUncounted();
        if (!request.hits) return;
      }
      const reason = this.#decide(http, request);
      if (hasPage && !reason && this.#countForwarded?.(http, request) === false)
        this.#countForwarded = undefined;
      if (!this.#unbuilt) this.#build(request, http, hasPage, reason);
      else {
        request.hits ??= new AddedHits(); // additional hits that come later wait, too
        this.#unbuilt.push(() => this.#build(request, http, hasPage, reason));
      }
    } catch (error) {
      this.#lose(request, error);
    } finally {
      request.release();
    }
  };

  #build(
    request: Request,
    http: HttpRequest,
    hasPage: boolean,
    decided: IgnoreReason | undefined,
  ): void {
    try {
      const builder = this.builder;
      const { sampleRate } = this.options;
      const isSent =
        http.site > 0 && (sampleRate >= 1 || builder.isVisitorInSample(http, http.site));
      const reason = isSent ? decided : (decided ?? 'sampled');
      let page: HitText | undefined;
      if (hasPage && reason !== undefined) this.counts.ignored[reason] += 1;
      else if (hasPage) {
        if (this.counts.hits === 0 || this.#isEnded) this.#beforeHit();
        const nowMillis = Date.now();
        const built = builder.buildPageView(http, http.site, nowMillis);
        const hit = builder.finalize(built, nowMillis);
        if (hit) {
          this.counts.hits += 1;
          if (http.isAiChatbot) this.counts.aiChatbots += 1;
          this.delivery.put(hit);
        } else this.counts.ignored.predicate += 1;
        if (!http.isAiChatbot) page = built;
      }
      // An idle connection must not keep a long URL in memory.
      const { path, query = '', referrer = '' } = http;
      const isLong = path.length + query.length + referrer.length > MAX_SHARED_CHARACTERS;
      if (!isSent) request.shared = 'none';
      else if (page) request.shared = isLong ? page.toSharedCopy() : page;
      else request.shared = toShared(builder, http, isLong);
      if (request.hits) this.#additional.end(request);
    } catch (error) {
      this.#lose(request, error);
    }
  }

  /** What an open request shares with its additional hits; `undefined` if it is not of HTTP. Its page view is decided only at its end. */
  shareOpen(request: Request): Request['shared'] {
    const http = readRequest(request, this.reading) as Writable<HttpRequest> | undefined;
    // The active span may turn out not to be of an HTTP request.
    if (!http) return undefined;
    http.statusCode = currentStatusOf(request) ?? 200;
    http.aborted = false;
    request.http = http;
    try {
      this.#decide(http, request);
      const isSent = http.site > 0 && this.builder.isVisitorInSample(http, http.site);
      return isSent ? this.builder.buildShared(http, http.site, Date.now()) : 'none';
    } finally {
      request.http = undefined;
    }
  }

  /** Counts a request without a SERVER span. If no request has one, an error is logged, because the processor gets no spans. */
  #countUncounted(): void {
    this.#uncounted += 1;
    if (this.#uncounted !== REQUESTS_TO_JUDGE) return;
    const { hits, ignored } = this.counts;
    const isSilent = hits === 0 && Object.values(ignored).every((count) => count === 0);
    if (isSilent) this.#diagnostics.error(coded('nothing-tracked', NOTHING_TRACKED));
  }

  /** Adds an additional hit. The request is `unknown` if it was released. */
  readonly addHit: Tracker['addHit'] = (hit, request, resource) => {
    this.#beforeHit();
    this.#additional.add(hit, request, resource);
    // A hit from a listener of `exit` is sent immediately, because nothing of this package runs later.
    if (this.#hasExitFlush && !this.#isFinishing && isExiting()) this.finish();
  };

  #beforeHit(): void {
    if (!this.#hasExitFlush) return;
    if (this.#isEnded) {
      this.#isEnded = false;
      joinProcessEnd(this);
    }
    // By the time of the first hit, an application has installed its signal handlers.
    if (this.counts.hits === 0 && isKilledBySigterm()) {
      this.#diagnostics.warnOnce('signal', coded('signal-not-handled', SIGNAL_NOT_HANDLED));
    }
  }

  refuseHit(key: string, message: string): void {
    this.report(key, () => message);
    this.counts.dropped.invalid += 1;
  }

  reportHit(key: string, message: string, code: MessageCode = 'parameter-invalid'): void {
    this.#diagnostics.warnOnce(key, coded(code, message));
  }

  /** Counts a request that cannot be read as lost. */
  #lose(request: Request, error: unknown): void {
    this.lose(error);
    this.#additional.lose(request, error);
    request.hits = undefined; // so that later hits of the request count as those of an unknown one
  }

  /** Counts a hit that cannot be built as lost. */
  lose(error: unknown): void {
    this.counts.hits += 1;
    this.delivery.counts.lost.rejected += 1;
    const text = `A hit could not be built (${describeError(error)}). It is lost and counted as rejected. Please report this.`;
    this.#diagnostics.warnOnce('to-hit', coded('internal-error', text));
  }

  countUnused(): void {
    this.counts.spans.unused += 1;
  }

  stats(): MatomoStats {
    return toStats(this.counts, this.delivery, this.#countUnused());
  }

  /** Makes one attempt to send everything. See `Delivery.flush`. */
  async flush(isBackground = false): Promise<void> {
    if (this.#unbuilt) await this.#made.visitorKeyFound(isBackground);
    this.#endPending();
    return this.delivery.flush(isBackground);
  }

  /** Sends everything. Hits that are left or added later are lost, or sent at the event `exit`. Never rejects. */
  async shutdown(deadlineMillis: number = this.options.shutdownTimeoutMillis): Promise<void> {
    const startMillis = performance.now();
    if (this.#unbuilt) await this.#made.visitorKeyFound();
    this.ends?.endOpen();
    this.#endPending();
    await this.delivery.shutdown(Math.max(0, deadlineMillis - (performance.now() - startMillis)));
    this.#made.budget.spendSince(startMillis);
    this.#statsLog.stop();
    this.listensToSignals = false;
    leaveProcessEnd(this);
    if (this.#hasExitFlush && this.delivery.pending > 0) joinProcessEnd(this);
    else this.#end();
    this.#stopMetrics?.();
    this.#made.close();
  }

  /** From now on, tracks requests without a SERVER span, and sends hits at signals and, unless `exitFlush` is off, at `exit`. */
  countAll(): void {
    this.countsAll = true;
    this.#hasExitFlush ??= true;
    this.delivery.keepsForExit = this.#hasExitFlush;
    this.listensToSignals = true;
    joinProcessEnd(this);
  }

  pause(millis: number): void {
    this.delivery.pause(millis);
  }

  finish(): void {
    this.#isFinishing = true; // callbacks of options may track hits, too
    if (this.#hasExitFlush) this.ends?.endOpen();
    this.#endPending();
    if (!this.#isEnded) {
      this.#made.exitFlush(this.delivery.keepsForExit ? undefined : 'exitFlush is off');
      this.#end();
    }
    this.#isFinishing = false;
  }

  #end(): void {
    this.#isEnded = true;
    leaveProcessEnd(this);
    this.#statsLog.log();
  }

  /** Builds the hits that wait for spans, the visitor key or the end of their request. */
  #endPending(): void {
    this.ends?.endWaiting();
    this.#buildUnbuilt();
    this.#additional.endWaiting();
  }

  #buildUnbuilt(): void {
    if (!this.#unbuilt) return;
    const unbuilt = this.#unbuilt;
    this.#unbuilt = undefined;
    for (const build of unbuilt) build();
  }
}

/** What additional hits of a request without a page view share. It is built with the first such hit, or now if waiting would keep long texts. */
function toShared(builder: HitBuilder, http: HttpRequest, isLong: boolean): Request['shared'] {
  const { host = '', userAgent = '', acceptLanguage = '', clientHints = '' } = http;
  const ofClient = host.length + userAgent.length + acceptLanguage.length + clientHints.length;
  const build = () => builder.buildShared(http, http.site, Date.now());
  return isLong || ofClient > MAX_SHARED_CHARACTERS ? build().toSharedCopy() : build;
}

/** Creates the pipeline for unresolved options; `undefined` if nothing is tracked. The reason is logged, unless `enabled` is false. */
export function createPipeline(
  options: MatomoOptions,
  diagnostics: Diagnostics,
  owner: PipelineOwner,
): Pipeline | undefined {
  const resolved = resolveOptions(options, environment(), diagnostics);
  if (!resolved) return undefined;
  const problem = findWorkerProblem(options);
  if (problem !== undefined) {
    diagnostics.error(problem);
    return undefined;
  }
  announceOptions(options);
  return new Pipeline(resolved, diagnostics, owner);
}

const NOTHING_TRACKED = `${REQUESTS_TO_JUDGE} requests were served, and MatomoSpanProcessor got no spans of them. Matomo receives nothing. Start the SDK that has the processor, load the HTTP instrumentation before the server, and let the sampler record its spans; or load opentelemetry-matomo/register, which needs no spans.`;
const SIGNAL_NOT_HANDLED =
  'Nothing handles SIGTERM, or the application has removed the listener of this package. The signal ends the process at once, and queued hits are lost. Load opentelemetry-matomo/register, or call shutdown() in a handler of SIGTERM and SIGINT, and remove only listeners of the application.';

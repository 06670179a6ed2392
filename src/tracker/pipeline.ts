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
import type { AdditionalHit } from '../hit/additional-hit.js';
import { createHitBuilder, type HitBuilder } from '../hit/hit-builder.js';
import type { HitText } from '../hit/hit-text.js';
import type { ReportProblem } from '../hit/parameters/annotations.js';
import type { KeyOfDay } from '../hit/visitor/visitor-id.js';
import type { ResolvedOptions } from '../options/option-table.js';
import { resolveOptions } from '../options/resolve-options.js';
import type { MatomoOptions } from '../options.js';
import type { Ends } from '../request/ends.js';
import { createRequestReading, type RequestReading, readRequest } from '../request/read-request.js';
import type { ReadRequest, Request } from '../request/request.js';
import { currentStatusOf } from '../request/response.js';
import type { HitReceiver, SpanReceiver } from '../request/tracker.js';
import type { AssembledRequest } from '../spans/assemble-requests.js';
import { AdditionalHits, HitsOfRequest } from './additional-hits.js';
import {
  attributeNamesIn,
  createOptionCallbacks,
  hasFunctions,
  type OptionCallbacks,
} from './callbacks.js';
import { type CreatedDelivery, createDelivery } from './create-delivery.js';
import { type Instruments, Metrics } from './metrics.js';
import { createAllowsUnknown, createDecide, type Decision, type IgnoreReason } from './reasons.js';
import {
  createHitCounts,
  createStatsLog,
  type MatomoStats,
  toStats,
  watchFirstRequests,
  watchProxies,
} from './stats.js';
import { announceOptions, findWorkerProblem } from './worker-options.js';

/** Who has a pipeline. */
export interface PipelineOwner {
  /** As `otel.component.type`. */
  readonly component: string;
  /** Its own metrics. */
  readonly instruments?: Instruments;
  /** Returns the number of unused spans that the pipeline has not seen. */
  readonly countUnused?: () => number;
}

/** Of path, query and referrer, which may be kept after the end of a request. */
const MAX_SHARED_CHARACTERS = 1024;

/** From ended requests to Matomo: decide, count, build, put. At the end of the process, what is left is sent. */
export class Pipeline implements HitReceiver, SpanReceiver, EndMember {
  readonly options: ResolvedOptions;
  readonly reading: RequestReading;
  /** Attributes of spans that options name. */
  readonly attributeNames: readonly string[];
  /** Whether an option is a function, which is called in the async context of the request. */
  readonly callsOptions: boolean;
  readonly delivery: Delivery;
  readonly #diagnostics: Diagnostics;
  readonly #made: CreatedDelivery;
  readonly #callbacks: OptionCallbacks;
  readonly #report: ReportProblem;
  readonly #decide: (request: ReadRequest) => Decision;
  readonly #counts = createHitCounts();
  readonly #countFirstRequest: (reason: IgnoreReason | undefined) => void;
  /** Only for the first requests, and only without `trustProxy`. */
  #countProxied: ReturnType<typeof watchProxies> | undefined;
  readonly #additional: AdditionalHits;
  readonly #metrics: Metrics | undefined;
  readonly #countUnused: () => number;
  readonly #statsLog: ReturnType<typeof createStatsLog>;
  #builder: HitBuilder | undefined;
  #visitorKey: string | Buffer | KeyOfDay | undefined;
  /** What is built when the key of visitor IDs is known, which a spool may still provide. */
  #unbuilt: (() => void)[] | undefined;
  /** The requests that have not ended, if Node.js announces them. */
  ends: Pick<Ends, 'endWaiting' | 'endOpen' | 'settle'> | undefined;
  listensToSignals = false;
  shutdownAtSignal: () => Promise<void> = async () => undefined;
  #hasExitFlush: boolean | undefined;
  #isFinishing = false;
  /** Nothing is left, so the end of the process is not listened for until there is another hit. */
  #isEnded = false;

  constructor(options: ResolvedOptions, diagnostics: Diagnostics, owner: PipelineOwner) {
    const { meterProvider, statsIntervalMillis, maxQueueSize: capacity } = options;
    const { component, instruments, countUnused = () => 0 } = owner;
    this.options = options;
    this.#diagnostics = diagnostics;
    this.#countUnused = countUnused;
    this.reading = createRequestReading(options, diagnostics);
    this.attributeNames = attributeNamesIn(options);
    this.callsOptions = hasFunctions(options);
    this.#metrics = meterProvider && new Metrics(meterProvider, component, diagnostics);
    this.#made = createDelivery(options, diagnostics, this.#metrics);
    const { delivery } = this.#made;
    this.delivery = delivery;
    const { spans } = this.#counts;
    this.#metrics?.start(() => ({ stats: this.stats(), spans, capacity, delivery }), instruments);
    this.#callbacks = createOptionCallbacks(options, diagnostics);
    // The message is made once: names that resemble an unknown one are looked for.
    this.#report = (key, message) =>
      diagnostics.warnOnce(key, () => coded('parameter-invalid', message()));
    this.#decide = createDecide({ options, diagnostics, callbacks: this.#callbacks });
    this.#countFirstRequest = watchFirstRequests(diagnostics);
    if (options.trustProxy === false) this.#countProxied = watchProxies(diagnostics);
    this.#additional = new AdditionalHits({
      ...{ options, delivery, counts: this.#counts, report: this.#report },
      builder: () => this.#hits,
      allowsUnknown: createAllowsUnknown({ options, diagnostics }),
      lose: (error) => this.lose(error),
      readOpen: (request) => this.#readOpen(request),
    });
    this.#statsLog = createStatsLog(statsIntervalMillis, () => this.stats(), diagnostics);
    this.#hasExitFlush = options.exitFlush;
    delivery.keepsForExit = options.exitFlush === true;
    joinProcessEnd(this);
    if (this.#made.hasVisitorKey()) {
      void this.#hits; // takes milliseconds
    } else {
      this.#unbuilt = [];
      void this.#made.visitorKeyFound(true).then(() => this.#buildUnbuilt());
    }
  }

  /** What builds hits. Made when first asked, and again if a spool that was opened late has another visitor key. */
  get #hits(): HitBuilder {
    const visitorKey = this.#made.visitorKey();
    if (this.#builder && visitorKey === this.#visitorKey) return this.#builder;
    this.#visitorKey = visitorKey;
    const { beforeSend } = this.#callbacks;
    const hasToken = this.options.tokenAuth !== undefined;
    const all = { ...this.options, hasToken, visitorKey, beforeSend };
    this.#builder = createHitBuilder(all, this.#report);
    return this.#builder;
  }

  /**
   * Makes the hits of a request that has ended. Its span and Node's objects are released afterwards.
   *
   * @param hasPage whether it makes a page view, or is counted as ignored
   */
  add(request: ReadRequest, hasPage = true): void {
    const hasSpan = request.span !== undefined;
    HitsOfRequest.of(request); // later hits find it
    try {
      const decision = this.#decide(request);
      if (this.#unbuilt) this.#unbuilt.push(() => this.#build(decision, hasPage, hasSpan));
      else this.#build(decision, hasPage, hasSpan);
    } catch (error) {
      this.loseRequest(request, error);
    }
  }

  /** The same of a request that nothing but finished spans describes, and of the hits in their events. */
  addAssembled({ request, hits }: AssembledRequest): void {
    for (const hit of hits) this.addHit(hit, request);
    this.add(request);
    request.release();
  }

  #build(decision: Decision, hasPage: boolean, hasSpan: boolean): void {
    const { request } = decision;
    let shared: HitText | undefined;
    try {
      const isSent = this.#isSent(decision);
      const page = hasPage ? this.#addPage(decision, hasSpan) : undefined;
      if (isSent) shared = this.#share(decision, page);
    } catch (error) {
      this.loseRequest(request, error);
      return;
    }
    this.#additional.end(request, shared);
  }

  /** Whether any hit of a request is sent. */
  #isSent(decision: Decision): boolean {
    const { http, site } = decision;
    if (site === 0) return false;
    const isInSample = this.#hits.isVisitorInSample(http, site);
    if (!isInSample) decision.reason ??= 'sampled';
    return isInSample;
  }

  /** What the hits of a request have in common. Its connection may stay idle, and must not keep a long URL in memory. */
  #share({ http, site }: Decision, page?: HitText): HitText {
    const { path, query = '', referrer = '' } = http;
    const shared = page ?? this.#hits.buildShared(http, site, Date.now());
    const isLong = path.length + query.length + referrer.length > MAX_SHARED_CHARACTERS;
    return isLong ? shared.toSharedCopy() : shared;
  }

  /** Builds a page view and counts it, or counts why there is none. Returns it if other hits share what it has. */
  #addPage(
    { request, http, address, site, reason }: Decision,
    hasSpan: boolean,
  ): HitText | undefined {
    this.#countFirstRequest(reason);
    if (reason !== undefined) {
      this.#counts.ignored[reason] += 1;
      return undefined;
    }
    if (this.#countProxied?.(address, request.header('x-forwarded-for') !== undefined))
      this.#countProxied = undefined;
    this.#beforeHit();
    const nowMillis = Date.now();
    const built = this.#hits.buildPageView(http, site, nowMillis);
    const hit = this.#hits.finish(built, nowMillis);
    const page = http.isAiChatbot ? undefined : built;
    if (!hit) {
      this.#counts.ignored.predicate += 1;
      return page;
    }
    this.#counts.hits += 1;
    if (http.isAiChatbot) this.#counts.aiChatbots += 1;
    const isTaken = this.delivery.put(hit);
    if (!hasSpan) return page;
    const { spans } = this.#counts;
    if (isTaken) spans.processed += 1;
    else spans.failed[this.delivery.isClosed ? 'already_shutdown' : 'queue_full'] += 1;
    return page;
  }

  /** An open request as it is now. Nothing is decided for its page view. */
  #readOpen(request: Request): { shared: HitText | undefined } | undefined {
    const http = readRequest(request, this.reading);
    // The span that was active may turn out to be of no HTTP request.
    if (!http) return undefined;
    request.http = { ...http, statusCode: currentStatusOf(request) ?? 200, aborted: false };
    try {
      const decision = this.#decide(request as ReadRequest);
      return { shared: this.#isSent(decision) ? this.#share(decision) : undefined };
    } finally {
      request.http = undefined;
    }
  }

  /** A hit besides page views. `unknown`: it belongs to a request of which nothing is known any more. */
  addHit(hit: AdditionalHit, request: Request | 'unknown' | undefined): void {
    this.#beforeHit();
    this.#additional.add(hit, request);
    this.#afterHit();
  }

  #beforeHit(): void {
    if (!this.#hasExitFlush) return;
    if (this.#isEnded) {
      this.#isEnded = false;
      joinProcessEnd(this);
    }
    // By the first hit, an application has installed its handlers.
    if (this.#counts.hits === 0 && isKilledBySigterm()) {
      const text = this.listensToSignals ? LISTENER_REMOVED : SIGNAL_NOT_HANDLED;
      this.#diagnostics.warnOnce('signal', coded('signal-not-handled', text));
    }
  }

  /** Nothing of this package runs after a listener of `exit` that tracks a hit: it is sent at once. */
  #afterHit(): void {
    if (this.#hasExitFlush && !this.#isFinishing && isExiting()) this.finish();
  }

  /** A call that makes no hit. */
  refuseHit(key: string, message: string): void {
    this.#additional.refuse(key, message);
  }

  /** Part of a hit was dropped. */
  reportHit(key: string, message: string, code: MessageCode = 'parameter-invalid'): void {
    this.#diagnostics.warnOnce(key, coded(code, message));
  }

  /** The additional hits of a request that turned out to be none. */
  endWithoutHttp(request: Request): void {
    if (request.hits) this.#additional.endWithoutHttp(request);
  }

  /** A request that cannot be read, because the application has replaced what is read. */
  loseRequest(request: Request, error: unknown): void {
    this.lose(error);
    this.#additional.lose(request, error);
    request.hits = undefined; // later ones are of a request of which nothing is known
  }

  /** A hit that cannot be built. */
  lose(error: unknown): void {
    this.#counts.hits += 1;
    this.delivery.counts.lost.rejected += 1;
    const text = `A hit could not be built (${describeError(error)}). It is lost and counted as rejected. Please report this.`;
    this.#diagnostics.warnOnce('to-hit', coded('internal-error', text));
  }

  countUnused(): void {
    this.#counts.spans.unused += 1;
  }

  stats(): MatomoStats {
    return toStats(this.#counts, this.delivery, this.#countUnused());
  }

  /** Makes one attempt to send everything, see `Delivery.flush`. */
  async flush(): Promise<void> {
    if (!this.#made.hasVisitorKey()) await this.#made.visitorKeyFound();
    this.#endPending();
    return this.delivery.flush();
  }

  /** Sends everything. What is left or comes later is lost, or sent at the event `exit`. Never rejects. */
  async shutdown(deadlineMillis: number = this.options.shutdownTimeoutMillis): Promise<void> {
    const startMillis = performance.now();
    if (!this.#made.hasVisitorKey()) await this.#made.visitorKeyFound();
    this.ends?.endOpen();
    this.#endPending();
    await this.delivery.shutdown(Math.max(0, deadlineMillis - (performance.now() - startMillis)));
    this.#made.budget.spendSince(startMillis);
    this.#statsLog.stop();
    this.listensToSignals = false;
    leaveProcessEnd(this);
    if (this.#hasExitFlush && this.delivery.pending > 0) joinProcessEnd(this);
    else this.#end();
    this.#metrics?.stop();
    this.#made.close();
  }

  /** Also sends hits at signals and, unless `exitFlush` is off, at `exit`. `shutdown` is that of the tracker. */
  flushAtEnd(shutdown: () => Promise<void>): void {
    this.shutdownAtSignal = shutdown;
    this.#hasExitFlush ??= true;
    this.delivery.keepsForExit = this.#hasExitFlush;
    if (this.#isEnded) return;
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

  /** Makes the hits that wait for something. */
  #endPending(): void {
    this.ends?.endWaiting();
    this.#buildUnbuilt();
    this.#additional.endWaiting();
  }

  #buildUnbuilt(): void {
    const unbuilt = this.#unbuilt ?? [];
    this.#unbuilt = undefined;
    for (const build of unbuilt) build();
  }
}

/** The pipeline for options as a user gives them; `undefined` if nothing is to be tracked, which was logged. */
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
  if (!resolved.pageViews && resolved.aiChatbots === 'off')
    diagnostics.warnOnce('only-explicit-events', coded('only-explicit-events', ONLY_EVENTS));
  return new Pipeline(resolved, diagnostics, owner);
}

const SIGNAL_NOT_HANDLED =
  'exitFlush is set, but nothing handles SIGTERM. The signal ends the process at once, and queued hits are lost. Call shutdown() in a handler of SIGTERM and SIGINT, or load opentelemetry-matomo/register.';
const LISTENER_REMOVED =
  'The application removed the listener of opentelemetry-matomo for SIGTERM. The signal ends the process at once, and queued hits are lost. Remove only listeners of the application.';
const ONLY_EVENTS =
  'pageViews is false and aiChatbots is off. No request makes a hit; only explicit events are sent. If you want more, set aiChatbots to separate or pageViews to true.';

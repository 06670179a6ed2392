import { isMainThread, threadId } from 'node:worker_threads';
import { describeError } from '../common/describe-error.js';
import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { atExit, atSignals, isKilledBySigterm } from '../common/signals-and-exit.js';
import { DetachedScope } from '../common/timers.js';
import type { Delivery } from '../delivery/delivery.js';
import { createDeliveryCounters } from '../delivery/queue/counters.js';
import type { FurtherHit } from '../hit/further-hit.js';
import type { Hit } from '../hit/hit.js';
import { createHitBuilder, type HitBuilder } from '../hit/hit-builder.js';
import type { ResolvedOptions } from '../options/option-table.js';
import { resolveOptions } from '../options/resolve-options.js';
import type { MatomoOptions } from '../options.js';
import { operationNames } from '../requests/operations/proven-names.js';
import {
  createRequestReading,
  type RequestReading,
  readOpenRequest,
} from '../requests/read-request.js';
import type { EndedRequest, Request, RequestSink } from '../requests/request.js';
import { type CreatedDelivery, createDelivery } from './create-delivery.js';
import { FurtherHits } from './further-hits.js';
import { Decisions, type IgnoreReason } from './ignore-reasons.js';
import { type ComponentType, Metrics } from './metrics.js';
import { createOptionCallbacks } from './option-callbacks.js';
import { longestHold, PendingPageView } from './pending-hits.js';
import { createHitCounts, type MatomoStats, toStats, watchFirstRequests } from './stats.js';
import { announceOptions, findWorkerProblem } from './worker-options.js';

/** From ended requests to Matomo: decides which make hits, and counts all of them. */
export class HitPipeline implements RequestSink {
  readonly #options: ResolvedOptions;
  readonly #diagnostics: Diagnostics;
  readonly delivery: Delivery;
  readonly #made: CreatedDelivery;
  #builder: HitBuilder | undefined;
  readonly #decisions: Decisions;
  /** How long a hit waits for work of its request that has not ended. */
  readonly longestHoldMillis: number;
  /** Bytes that hits may take in the spool besides those that it already has; no end without one. */
  readonly spoolRoom: () => number;
  readonly #counts = createHitCounts();
  readonly #countFirstRequest: (reason: IgnoreReason | undefined) => void;
  readonly #further: FurtherHits;
  readonly #metrics: Metrics | undefined;
  #statsTimer: NodeJS.Timeout | undefined;
  /** Also after a shutdown that failed, when delivery keeps nothing any more: later hits are counted at `exit`. */
  #hasExitFlush = false;
  /** Called before the last hits are sent: adds requests whose responses are open. */
  endOpenRequests: () => void = () => undefined;
  /** Counts exports that a gateway refused. */
  refusedExports: () => number | undefined = () => undefined;
  #leaveExit: (() => void) | undefined;
  #leaveSignals: (() => void) | undefined;
  readonly #unusedElsewhere: () => number;

  constructor(
    options: ResolvedOptions,
    diagnostics: Diagnostics,
    component: ComponentType,
    reading: RequestReading,
    unusedElsewhere: () => number,
  ) {
    this.#unusedElsewhere = unusedElsewhere;
    this.#options = options;
    this.#diagnostics = diagnostics;
    const { meterProvider, maxQueueSize: capacity } = options;
    this.#metrics = meterProvider && new Metrics(meterProvider, component);
    this.#made = createDelivery(options, diagnostics, this.#metrics);
    const { delivery, spoolRoom } = this.#made;
    this.delivery = delivery;
    this.spoolRoom = spoolRoom;
    this.longestHoldMillis = longestHold(options);
    this.#metrics?.start(() => {
      const refusedExports = this.refusedExports();
      const { spans } = this.#counts;
      return { stats: this.stats(), spans, capacity, delivery, refusedExports };
    }, diagnostics);
    const callbacks = createOptionCallbacks(options, diagnostics);
    const builder = () => this.#hits;
    const { isVisitorKeyKnown } = this.#made;
    const parts = { options, diagnostics, callbacks, builder };
    this.#decisions = new Decisions({ ...parts, isVisitorKeyKnown });
    this.#countFirstRequest = watchFirstRequests(diagnostics);
    this.#further = new FurtherHits({
      ...parts,
      delivery,
      decisions: this.#decisions,
      counts: this.#counts,
      loseHit: (error) => this.#loseHit(error),
      longestHoldMillis: this.longestHoldMillis,
      readOpen: (request) => readOpenRequest(request, reading),
    });
    if (options.statsIntervalMillis !== undefined) this.#logStatsEvery(options.statsIntervalMillis);
    if (options.exitFlush) this.#keepForExit();
    this.#finishAtExit();
  }

  /** What builds hits. Made when first asked: the visitor key may come from a spool. */
  get #hits(): HitBuilder {
    this.#builder ??= createHitBuilder(
      {
        ...this.#options,
        hasToken: this.#options.tokenAuth !== undefined,
        visitorKey: this.#made.visitorKey(),
      },
      (key, message) => {
        const code = key.startsWith('callback ') ? 'callback-failed' : 'parameter-invalid';
        this.#diagnostics.warnOnce(key, () => coded(code, message()));
      },
    );
    return this.#builder;
  }

  /** Makes a hit of a request that has ended, or counts why not. */
  addRequest(ended: EndedRequest): void {
    operationNames.learn(ended.request);
    const reason = this.#decisions.decide(ended);
    this.#countFirstRequest(reason);
    if (reason !== undefined) this.#counts.ignored[reason] += 1;
    const page = reason === undefined ? this.#addPageView(ended) : undefined;
    if (!page) ended.close();
    this.#further.addAfterEnd(ended, page);
    if (!page) ended.shorten();
    ended.release();
  }

  /** `undefined` if there is no room for it. */
  #addPageView(ended: EndedRequest): PendingPageView | undefined {
    this.#beforeHit();
    this.#counts.hits += 1;
    if (ended.request.chatbotResponse !== undefined) this.#counts.aiChatbots += 1;
    const page = new PendingPageView(this, ended);
    const isTaken = this.delivery.push(page);
    if (ended.span) this.#countSpan(isTaken);
    return isTaken ? page : undefined;
  }

  addFurtherHit(hit: FurtherHit, request?: Request | 'unknown'): void {
    this.#beforeHit();
    this.#further.add(hit, request);
  }

  refuseHit(key: string, message: string): void {
    this.#further.refuse(key, message);
  }

  reportHit(key: string, message: string): void {
    this.#further.report(key, () => message);
  }

  countUnused(): void {
    this.#counts.spans.unused += 1;
  }

  #countSpan(isTaken: boolean): void {
    const { spans } = this.#counts;
    if (isTaken) spans.processed += 1;
    else spans.failed[this.delivery.isClosed ? 'already_shutdown' : 'queue_full'] += 1;
  }

  flush(): Promise<void> {
    return this.delivery.flush();
  }

  async shutdown(deadlineMillis: number = this.#options.shutdownTimeoutMillis): Promise<void> {
    this.endOpenRequests();
    await this.delivery.shutdown(deadlineMillis);
    this.#metrics?.stop();
    this.#made.close();
    clearInterval(this.#statsTimer);
    const { pending, spooled } = this.delivery;
    if (!this.#hasExitFlush || pending === spooled) this.#end();
    this.#leaveSignals?.();
    this.#leaveSignals = () => undefined; // `flushAtEnd` must not watch them again
  }

  /** With `exitFlush`, hits that are added during the shutdown or after it are sent at `exit`. */
  #beforeHit(): void {
    if (!this.#hasExitFlush) return;
    this.#finishAtExit();
    // By the first hit, an application has installed its handlers.
    if (this.#counts.hits === 0 && isKilledBySigterm())
      this.#diagnostics.warnOnce('signal', coded('signal-not-handled', SIGNAL_NOT_HANDLED));
  }

  #finishAtExit(): void {
    this.#leaveExit ??= atExit('finish', () => this.#finish());
  }

  /** Also sends hits at signals and, unless `exitFlush` is off, at `exit`. `shutdown` is that of the processor. */
  flushAtEnd(shutdown: () => Promise<void>): void {
    const { delivery } = this;
    this.#leaveSignals ??= atSignals({
      expectEnd: () => delivery.expectEnd(),
      hurry: () => delivery.hurry(),
      shutdown,
      finish: () => this.#finish(),
    });
    if (this.#options.exitFlush !== false) this.#keepForExit();
  }

  #keepForExit(): void {
    this.#hasExitFlush = true;
    this.delivery.keepsForExit = true;
  }

  #finish(): void {
    if (this.#hasExitFlush) this.endOpenRequests();
    if (!this.#leaveExit) return; // `shutdown` has left nothing
    this.delivery.finish();
    this.#end();
  }

  /** Nothing is left to send. */
  #end(): void {
    this.#leaveExit?.();
    this.#leaveExit = undefined;
    this.#logStats();
  }

  stats(): MatomoStats {
    const { counters } = this.delivery;
    return toStats(this.#counts, this.delivery, counters, this.#unusedElsewhere());
  }

  /** Logs `stats()` if that is wanted. */
  #logStats(): void {
    if (this.#options.statsIntervalMillis === undefined) return;
    const stats = { ...processAndThread(), ...this.stats() };
    this.#diagnostics.print(coded('stats', JSON.stringify(stats)));
  }

  #logStatsEvery(intervalMillis: number): void {
    new DetachedScope('MatomoStats').runInAsyncScope(() => {
      this.#statsTimer = setInterval(() => this.#logStats(), intervalMillis).unref();
    });
  }

  /** Builds the final hits of a request. Annotations that arrive later have no effect. */
  finalize(pending: PendingPageView, epochMillis: number): readonly Hit[] {
    const { ended } = pending;
    const { site = 0 } = ended;
    ended.close();
    try {
      const reason = this.#decisions.decideAgain(ended);
      if (reason !== undefined) return this.#takeBack(ended, reason);
      const operation = operationNames.admit(ended.request);
      if (operation !== ended.request.operation) ended.request = { ...ended.request, operation };
      pending.built = this.#hits.read(ended.request, site, epochMillis);
      const built = this.#hits.buildHits(pending.built);
      const hits = this.delivery.takesCrashes ? built : built.slice(0, 1);
      if (hits.length === 0) return this.#takeBack(ended, 'predicate');
      this.#counts.hits += hits.length - 1; // a crash
      return hits;
    } catch (error) {
      this.#loseHit(error);
      return [];
    } finally {
      ended.shorten();
      if (pending.built?.request !== ended.request) pending.built = undefined; // it has the longer one
    }
  }

  #loseHit(error: unknown): void {
    this.delivery.counters.lost.rejected += 1;
    const text = `A hit could not be built (${describeError(error)}). It is lost and counted as rejected. Please report this.`;
    this.#diagnostics.warnOnce('to-hit', coded('internal-error', text));
  }

  /** What was counted as a hit is none after all. */
  #takeBack({ request }: EndedRequest, reason: IgnoreReason): readonly Hit[] {
    this.#counts.hits -= 1;
    if (request.chatbotResponse !== undefined) this.#counts.aiChatbots -= 1;
    this.#counts.ignored[reason] += 1;
    return [];
  }
}

/**
 * The pipeline for options as a user gives them, and how it wants requests read; `undefined` where nothing is to be tracked.
 *
 * @param unusedElsewhere the number of unused spans that the pipeline has not seen
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

const SIGNAL_NOT_HANDLED =
  'exitFlush is set, but nothing handles SIGTERM. The signal ends the process at once, and queued hits are lost. Call shutdown() in a handler of SIGTERM and SIGINT, or load opentelemetry-matomo/register.';

const ONLY_EVENTS =
  'pageViews is false and aiChatbots is off. No request makes a hit; only explicit events are sent. If you want more, set aiChatbots to separate or pageViews to true.';

/** What a processor that is off has counted. */
export function noStats(): MatomoStats {
  const nothing = { pending: 0, spooled: 0, takenOver: 0, resent: 0 };
  return toStats(createHitCounts(), nothing, createDeliveryCounters(), 0);
}

/** What tells the processes and threads of an application apart in a log. */
function processAndThread(): { readonly pid: number; readonly thread?: number } {
  return isMainThread ? { pid: process.pid } : { pid: process.pid, thread: threadId };
}

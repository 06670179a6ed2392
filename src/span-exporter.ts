import { describeError } from './common/describe-error.js';
import { createDiagnostics, type Diagnostics } from './common/diagnostics.js';
import { coded } from './common/messages.js';
import { activeContext, spanOf } from './common/otel-global.js';
import type { AdditionalHit } from './hit/additional-hit.js';
import type { MatomoOptions } from './options.js';
import { openTracker } from './register/process-tracker.js';
import type { FinishedSpan } from './request/finished-span.js';
import { createRequestFunctions } from './request/functions.js';
import { HIT_EVENT, toEventAttributes } from './request/matomo-attributes.js';
import type { HitReceiver } from './request/tracker.js';
import { addRequests } from './spans/assemble-requests.js';
import { isAnnotated } from './spans/facts.js';
import { placeSpan } from './spans/group-spans.js';
import { createPipeline, type Pipeline } from './tracker/pipeline.js';
import * as late from './tracker/running-tracker.js';
import { type MatomoStats, noStats } from './tracker/stats.js';

const SUCCESS = 0; // ExportResultCode.SUCCESS
const FAILED = 1; // ExportResultCode.FAILED

const SHUT_DOWN =
  'MatomoSpanExporter was shut down. The requests in these spans make no hits. Shut it down after the last export.';

/** `ExportResult` of OpenTelemetry. */
export interface ExportResult {
  /** 0: success; 1: failed. */
  readonly code: 0 | 1;
  /** Why it failed. */
  readonly error?: Error;
}

/**
 * Makes hits of batches of finished spans, for environments that only accept an exporter. If you can, use
 * {@link MatomoSpanProcessor}: an exporter gets only sampled spans and no Node.js requests. It knows Accept-Language, Referer and
 * aborted requests only from span attributes, and combines only spans of one batch to a request.
 *
 * @example
 * new NodeSDK({ traceExporter: new MatomoSpanExporter({ url: 'https://matomo.example.org', siteId: 1 }) }).start();
 */
export class MatomoSpanExporter {
  readonly #diagnostics: Diagnostics = createDiagnostics();
  readonly #pipeline: Pipeline | undefined;
  readonly #withdraw: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  /**
   * @param options - Options. Environment variables set those that are missing.
   * @throws {@link OptionError}, a `TypeError`, if an option is invalid. It names the option and the value.
   */
  constructor(options: MatomoOptions = {}) {
    const pipeline = createPipeline(options, this.#diagnostics, {
      component: 'matomo_span_exporter',
    });
    this.#pipeline = pipeline;
    if (pipeline) this.#withdraw = receiveCalls(pipeline);
  }

  /**
   * Queues hits for the requests in these spans. The result is success, or failed after {@link shutdown}; see {@link stats} for the
   * results of the hits.
   */
  export(spans: readonly FinishedSpan[], resultCallback: (result: ExportResult) => void): void {
    if (this.#closed !== undefined) {
      resultCallback({ code: FAILED, error: new Error(SHUT_DOWN) });
      return;
    }
    const pipeline = this.#pipeline;
    if (pipeline) {
      const placed = spans.flatMap((span) => this.#read(() => placeSpan(span)) ?? []);
      this.#read(() => {
        for (const { placed: left } of addRequests(placed, pipeline))
          if (isAnnotated(left.span, pipeline.reading)) pipeline.countUnused();
      });
    }
    resultCallback({ code: SUCCESS });
  }

  /** A span that fails must not lose the others. */
  #read<Result>(read: () => Result): Result | undefined {
    try {
      return read();
    } catch (error) {
      this.#countFailure(error);
      return undefined;
    }
  }

  #countFailure(error: unknown): void {
    this.#pipeline?.countUnused();
    const text = `A span could not be read (${describeError(error)}). A request may be missing; spans.unused counts it. Please report this.`;
    this.#diagnostics.warnOnce('export', coded('internal-error', text));
  }

  /**
   * Makes one attempt to send everything queued, and does not wait until Matomo is available. Resolves after 5 seconds at the latest, or
   * after `exportTimeoutMillis` if that is shorter: if Matomo has not answered by then, the attempt goes on, and other hits stay queued.
   * Keeps the process alive until then. Never rejects.
   */
  forceFlush(): Promise<void> {
    return this.#pipeline?.flush() ?? Promise.resolve();
  }

  /**
   * Sends what is queued and stops. After `shutdownTimeoutMillis`, what is left is counted as lost. Never rejects. Further calls
   * return the same promise.
   */
  shutdown(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#withdraw?.();
    await this.#pipeline?.shutdown();
  }

  /** Counts of all requests and hits so far. */
  stats(): MatomoStats {
    return this.#pipeline?.stats() ?? noStats();
  }
}

/** As long as nothing else tracks, a call adds an event to the active span, if that is recorded: its request is not known yet. */
function receiveCalls(pipeline: Pipeline): () => void {
  function addHit(hit: AdditionalHit): void {
    const span = spanOf(activeContext());
    if (span?.isRecording()) span.addEvent(HIT_EVENT, toEventAttributes(hit.parameters));
    else pipeline.addHit(hit, span ? 'unknown' : undefined);
  }
  const receiver: HitReceiver = {
    addHit,
    refuseHit: (...problem) => pipeline.refuseHit(...problem),
    reportHit: (...problem) => pipeline.reportHit(...problem),
  };
  const functions = createRequestFunctions({ pipeline: receiver }, () => undefined);
  return openTracker(() => late).addExporter({ functions: () => functions });
}

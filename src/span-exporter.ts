import { describeError } from './common/describe-error.js';
import { createDiagnostics, type Diagnostics } from './common/diagnostics.js';
import { coded } from './common/messages.js';
import { watchTracking } from './common/watch-tracking.js';
import type { MatomoOptions } from './options.js';
import { createHitPipeline } from './pipeline/hit-pipeline.js';
import { findMissingSpans } from './pipeline/missing-api.js';
import { type MatomoStats, noStats } from './pipeline/stats.js';
import { assembleRequests } from './requests/assemble-requests.js';
import { announceExporter } from './requests/captured-requests.js';
import type { FinishedSpan } from './requests/finished-span.js';
import { hasHitEvent, hitsOfEvents } from './requests/matomo-attributes.js';
import { isAnnotated } from './requests/span-annotations.js';

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
  readonly #made: ReturnType<typeof createHitPipeline>;
  readonly #withdraw: (() => void) | undefined;
  readonly #stopWatching: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  /**
   * @param options - Options. Environment variables set those that are missing.
   * @throws {@link OptionError}, a `TypeError`, if an option is invalid. It names the option and the value.
   */
  constructor(options: MatomoOptions = {}) {
    this.#made = createHitPipeline(options, this.#diagnostics, 'matomo_span_exporter');
    const pipeline = this.#made?.pipeline;
    if (!pipeline) return;
    const findProblem = (after: number) => findMissingSpans('MatomoSpanExporter', after);
    this.#stopWatching = watchTracking(() => pipeline.stats(), findProblem, this.#diagnostics);
    this.#withdraw = announceExporter({
      takeHit: (hit, announced, span) =>
        pipeline.addFurtherHit(hit, announced || span ? 'unknown' : undefined),
      reports: pipeline.reports,
    });
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
    try {
      if (this.#made) {
        const { pipeline, reading } = this.#made;
        const onFailure = (error: unknown) => this.#countFailure(error);
        const assembled = assembleRequests(
          spans,
          reading,
          (span, isAncestorMissing) => {
            for (const hit of hitsOfEvents(span))
              pipeline.addFurtherHit(hit, isAncestorMissing ? 'unknown' : undefined);
            if (isAnnotated(span, reading) && !hasHitEvent(span)) pipeline.countUnused();
          },
          onFailure,
          (error) => pipeline.loseRequest(error),
        );
        for (const request of assembled) pipeline.addRequest(request);
      }
    } catch (error) {
      this.#countFailure(error);
    }
    resultCallback({ code: SUCCESS });
  }

  #countFailure(error: unknown): void {
    this.#made?.pipeline.countUnused();
    const text = `A span could not be read (${describeError(error)}). A request may be missing; spans.unused counts it. Please report this.`;
    this.#diagnostics.warnOnce('export', coded('internal-error', text));
  }

  /**
   * Makes one attempt to send everything queued, and does not wait until Matomo is available. Resolves after 5 seconds at the latest, or
   * after `exportTimeoutMillis` if that is shorter: if Matomo has not answered by then, the attempt goes on, and other hits stay queued.
   * Keeps the process alive until then. Never rejects.
   */
  forceFlush(): Promise<void> {
    return this.#made?.pipeline.flush() ?? Promise.resolve();
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
    this.#stopWatching?.();
    await this.#made?.pipeline.shutdown();
  }

  /** Counts of all requests and hits so far. */
  stats(): MatomoStats {
    return this.#made?.pipeline.stats() ?? noStats();
  }
}

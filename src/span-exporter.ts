import { describeError } from './common/describe-error.js';
import { createDiagnostics, type Diagnostics } from './common/diagnostics.js';
import { coded } from './common/messages.js';
import type { MatomoOptions } from './options.js';
import type { FinishedSpan } from './request/finished-span.js';
import { addRequests } from './spans/assemble-requests.js';
import { addFacts } from './spans/facts.js';
import { placeSpan } from './spans/group-spans.js';
import { createPipeline, type Pipeline } from './tracker/pipeline.js';
import { type MatomoStats, noStats } from './tracker/stats.js';

const SUCCESS = 0; // ExportResultCode.SUCCESS
const FAILED = 1; // ExportResultCode.FAILED

const SHUT_DOWN =
  'MatomoSpanExporter was shut down. The requests in these spans make no hits. Shut it down after the last export.';

/** `ExportResult` of OpenTelemetry. */
export interface ExportResult {
  /** 0 for success, 1 for failure. */
  readonly code: 0 | 1;
  /** The reason for the failure. */
  readonly error?: Error;
}

/**
 * Turns batches of finished spans into hits, for environments that only accept an exporter. If you can, use
 * {@link MatomoSpanProcessor}: an exporter gets only sampled spans and no Node.js requests. It knows Accept-Language, Referer and
 * aborted requests only from span attributes, and combines only spans of one batch to a request. Functions such as `trackEvent` have no
 * effect: add an event `matomo.hit` to the active span.
 *
 * @example
 * new NodeSDK({ traceExporter: new MatomoSpanExporter({ url: 'https://matomo.example.org', siteId: 1 }) }).start();
 */
export class MatomoSpanExporter {
  readonly #diagnostics: Diagnostics = createDiagnostics();
  readonly #pipeline: Pipeline | undefined;
  #shutDown: Promise<void> | undefined;

  /**
   * @param options - Options. Environment variables set those that are missing.
   * @throws {@link OptionError}, a `TypeError`, if an option is invalid. It names the option and the value.
   */
  constructor(options: MatomoOptions = {}) {
    this.#pipeline = createPipeline(options, this.#diagnostics, {
      component: 'matomo_span_exporter',
    });
  }

  /**
   * Queues hits for the requests in these spans. The result is success, or failure after {@link shutdown}. {@link stats} has the results of the
   * hits.
   */
  export(spans: readonly FinishedSpan[], resultCallback: (result: ExportResult) => void): void {
    if (this.#shutDown !== undefined) {
      resultCallback({ code: FAILED, error: new Error(SHUT_DOWN) });
      return;
    }
    const pipeline = this.#pipeline;
    if (pipeline) {
      const placed = spans.flatMap((span) => this.#read(() => placeSpan(span)) ?? []);
      this.#read(() => {
        for (const { placed: left } of addRequests(placed, pipeline))
          if (addFacts(undefined, left.span, pipeline.reading)) pipeline.countUnused();
      });
    }
    resultCallback({ code: SUCCESS });
  }

  /** Reads spans one by one, so that a span that fails does not lose the others. */
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
   * Makes one attempt to send everything queued, and does not wait until Matomo is available. Resolves after 7 seconds at the
   * latest: if Matomo has not answered by then, the attempt goes on, and other hits stay queued.
   * Keeps the process alive until then. Never rejects.
   */
  forceFlush(): Promise<void> {
    return this.#pipeline?.flush() ?? Promise.resolve();
  }

  /**
   * Sends queued hits and stops. After `shutdownTimeoutMillis`, the remaining hits are counted as lost. Never rejects. Further calls
   * return the same promise.
   */
  shutdown(): Promise<void> {
    this.#shutDown ??= this.#pipeline?.shutdown() ?? Promise.resolve();
    return this.#shutDown;
  }

  /** Counts of all requests and hits so far. */
  stats(): MatomoStats {
    return this.#pipeline?.stats() ?? noStats();
  }
}

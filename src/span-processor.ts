import { describeError } from './common/describe-error.js';
import { createDiagnostics, type Diagnostics } from './common/diagnostics.js';
import { coded } from './common/messages.js';
import type { Context, Span } from './common/otel-types.js';
import { watchTracking } from './common/watch-tracking.js';
import type { MatomoOptions } from './options.js';
import { createHitPipeline, type HitPipeline } from './pipeline/hit-pipeline.js';
import { findMissingSpans } from './pipeline/missing-api.js';
import { type MatomoStats, noStats } from './pipeline/stats.js';
import { type FinishedSpan, SERVER_SPAN } from './requests/finished-span.js';
import { exposeInternals, type ProcessorInternals } from './requests/processor-internals.js';
import { RequestTracker } from './requests/track-requests.js';
import { recordsServerSpans } from './sampler.js';

/** Sentry writes it on the spans of requests that it samples, and passes no others to processors. */
const SENTRY_RATE = 'sentry.sample_rate';

/**
 * Turns every finished HTTP server span into a hit in Matomo. Add it to the `spanProcessors` of an OpenTelemetry SDK 1.30, 2.x or
 * 3.x. Other processors still get all spans. Spans are not changed, except for a property under a symbol.
 *
 * Options are set in code, or by environment variables. If `url` or `siteId` is missing, the processor logs one error and does
 * nothing.
 *
 * @example
 * new NodeSDK({ spanProcessors: [new MatomoSpanProcessor({ url: 'https://matomo.example.org', siteId: 1 })] }).start();
 */
export class MatomoSpanProcessor {
  readonly #diagnostics: Diagnostics = createDiagnostics();
  readonly #pipeline: HitPipeline | undefined;
  readonly #requests: RequestTracker | undefined;
  readonly #stopWatching: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  /**
   * @param options - Options. Environment variables set those that are missing.
   * @throws {@link OptionError}, a `TypeError`, if an option is invalid. It names the option and the value.
   */
  constructor(options: MatomoOptions = {}) {
    const diagnostics = this.#diagnostics;
    let internals: ProcessorInternals | undefined;
    const made = createHitPipeline(options, diagnostics, 'matomo_span_processor');
    if (made) {
      const { pipeline, reading } = made;
      this.#pipeline = pipeline;
      const requests = new RequestTracker(pipeline, reading, (...failure) =>
        this.#report(...failure),
      );
      this.#requests = requests;
      pipeline.end.endOpenRequests = () => requests.endOpen();
      const findProblem = (after: number) => findMissingSpans('MatomoSpanProcessor', after);
      this.#stopWatching = watchTracking(() => this.stats(), findProblem, diagnostics);
      internals = {
        flushAtEnd: () => pipeline.end.flushAtEnd(() => this.shutdown()),
        trackSpanless: (rules) => requests.trackSpanless(rules),
        stop: requests.stop,
      };
    }
    exposeInternals(this, () => internals);
  }

  /** Called by the SDK for every span that starts. Never throws. */
  onStart(span: Span, parentContext: Context): void {
    if (this.#requests === undefined) return;
    try {
      this.#requests.onStart(span, parentContext);
    } catch (error) {
      this.#report('onStart', error);
    }
  }

  /** Called by the SDK for every span that ends. Never throws. */
  onEnd(span: FinishedSpan): void {
    if (this.#requests === undefined) return;
    try {
      this.#requests.onEnd(span);
      if (span.kind === SERVER_SPAN) this.#checkSampling(span.attributes[SENTRY_RATE]);
    } catch (error) {
      this.#pipeline?.countUnused();
      this.#report('onEnd', error);
    }
  }

  /**
   * Makes one attempt to send everything queued, and does not wait until Matomo is available. Resolves after 5 seconds at the latest, or
   * after `exportTimeoutMillis` if that is shorter: if Matomo has not answered by then, the attempt goes on, and other hits stay queued.
   * Keeps the process alive until then. Never rejects.
   */
  forceFlush(): Promise<void> {
    this.#requests?.endWaiting();
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

  /** Counts of all requests and hits so far. */
  stats(): MatomoStats {
    return this.#pipeline?.stats() ?? noStats();
  }

  async #close(): Promise<void> {
    await this.#pipeline?.shutdown();
    // Requests that end later are sent at exit, as Node.js knows them.
    if (this.#requests && this.#pipeline?.delivery.keepsForExit) this.#requests.isRetired = true;
    else this.#requests?.stop();
    this.#stopWatching?.();
  }

  #checkSampling(rate: unknown): void {
    if (typeof rate !== 'number' || rate >= 1) return;
    // With `register`, requests that are not sampled are tracked too.
    if (this.#requests?.tracksSpanless || recordsServerSpans()) return;
    this.#diagnostics.warnOnce('sampled', coded('only-sampled', onlySampled(rate)));
  }

  #report(callback: string, error: unknown): void {
    this.#diagnostics.warnOnce(
      callback,
      coded(
        'internal-error',
        `${callback} failed (${describeError(error)}). A request may be missing. Please report this.`,
      ),
    );
  }
}

function onlySampled(rate: number): string {
  return (
    `Sentry samples with a rate of ${rate}, and passes no other requests to MatomoSpanProcessor. Matomo gets only these requests. ` +
    'To track all, also load opentelemetry-matomo/register, or set tracesSampleRate to 1 and drop transactions in beforeSendTransaction.'
  );
}

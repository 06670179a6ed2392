import { TRACKER_KEY } from './common/foreign-objects.js';
import type { Context, Span } from './common/otel-types.js';
import { OPTIONS } from './options/option-table.js';
import { parseInCode } from './options/resolve-options.js';
import type { MatomoOptions } from './options.js';
import { openTracker, type TrackerHandle } from './register/process-tracker.js';
import type { FinishedSpan } from './request/finished-span.js';
import * as late from './tracker/request-watch.js';
import { type MatomoStats, noStats } from './tracker/stats.js';
import { announceOptions } from './tracker/worker-options.js';

/**
 * Turns every HTTP request with a SERVER span into a hit in Matomo. Add it to the `spanProcessors` of an OpenTelemetry SDK 1.30, 2.x or
 * 3.x. Other processors still get all spans. Spans are not changed, except for a private field.
 *
 * A process has one tracker, which all processors share with `register` and `start`. Those also track requests without a SERVER span. Options
 * are set in code or by environment variables. The first options in code apply if tracking has not begun. Other ones have no effect, and one
 * line is logged. If `url` or `siteId` is missing, one error is logged when the first server listens, and nothing is tracked.
 *
 * @example
 * new NodeSDK({ spanProcessors: [new MatomoSpanProcessor({ url: 'https://matomo.example.org', siteId: 1 })] }).start();
 */
export class MatomoSpanProcessor {
  readonly #handle: TrackerHandle;

  /**
   * @param options - Options. Environment variables set those that are missing.
   * @throws {@link OptionError}, a `TypeError`, if an option is invalid. It names the option and the value.
   */
  constructor(options: MatomoOptions = {}) {
    parseInCode(OPTIONS, options);
    announceOptions(options);
    this.#handle = openTracker(() => late).join('processor', options);
    Object.defineProperty(this, TRACKER_KEY, { value: true });
  }

  /** Called by the SDK for every span that starts. Never throws. */
  onStart(span: Span, parentContext: Context): void {
    this.#handle.onStart(span, parentContext);
  }

  /** Called by the SDK for every span that ends. Never throws. */
  onEnd(span: FinishedSpan): void {
    this.#handle.onEnd(span);
  }

  /**
   * Makes one attempt to send everything queued, and does not wait until Matomo is available. Resolves after 7 seconds at the
   * latest: if Matomo has not answered by then, the attempt goes on, and other hits stay queued.
   * Keeps the process alive until then. Never rejects.
   */
  forceFlush(): Promise<void> {
    return this.#handle.forceFlush();
  }

  /**
   * Sends queued hits and stops, unless `register`, `start` or another processor still tracks. After `shutdownTimeoutMillis`, the remaining hits
   * are counted as lost. Never rejects. Further calls return the same promise.
   */
  shutdown(): Promise<void> {
    return this.#handle.shutdown();
  }

  /** Counts of all requests and hits since tracking began, all zero until then. */
  stats(): MatomoStats {
    return this.#handle.stats() ?? noStats();
  }
}

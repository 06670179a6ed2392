import { environment } from './common/environment.js';
import { isSdkDisabled } from './common/otel-global.js';
import { OPTIONS } from './options/option-table.js';
import { parseInCode } from './options/resolve-options.js';
import type { MatomoOptions } from './options.js';
import { openTracker, type TrackerHandle } from './register/process-tracker.js';
import * as late from './tracker/request-watch.js';
import { type MatomoStats, noStats } from './tracker/stats.js';
import { announceOptions } from './tracker/worker-options.js';

/** What {@link start} returns. */
export interface MatomoHandle extends AsyncDisposable {
  /**
   * Counts of all requests and hits of this thread since tracking began, all zero until the server listens.
   */
  stats(): MatomoStats;
  /**
   * Makes one attempt to send everything queued, and does not wait until Matomo is available. Resolves after 7 seconds at the
   * latest: if Matomo has not answered by then, the attempt goes on, and other hits stay queued.
   * Never rejects.
   */
  forceFlush(): Promise<void>;
  /**
   * Sends queued hits and stops tracking. Afterwards, {@link start} can be called again. After `shutdownTimeoutMillis`, the remaining hits are
   * counted as lost. If `register`, a `MatomoSpanProcessor` or another call of `start` still tracks, this only flushes. Never rejects. Further
   * calls return the same promise.
   */
  shutdown(): Promise<void>;
  /** The same as `shutdown`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Tracks all HTTP requests of this process or worker thread, like `opentelemetry-matomo/register`, but with options in code. No SDK is needed.
 * If the application has tracing, its spans are used. Call `start` before the server listens.
 *
 * When the process ends, queued hits are sent, as with `register`: `exitFlush` is `true` by default, and `shutdownTimeoutMillis` 1500.
 * A process has one tracker, which all calls share with `register` and `MatomoSpanProcessor`. Each option in code takes precedence over its
 * environment variable. The first options in code apply if tracking has not begun. Other ones have no effect, and one line is logged. A worker
 * thread needs its own call unless the environment has all options. In the main thread, call it before workers start, because only later workers
 * know of privacy options in code.
 *
 * @param options - Options. Environment variables set those that are missing.
 * @returns The handle to flush or stop tracking.
 * @throws {@link OptionError}, a `TypeError`, if an option is invalid. It names the option and the value.
 * @example
 * start({ url: 'https://matomo.example.org', siteId: 1, ignore: ({ path }) => path.startsWith('/internal/') });
 */
export function start(options: MatomoOptions = {}): MatomoHandle {
  parseInCode(OPTIONS, options);
  announceOptions(options);
  return isSdkDisabled(environment())
    ? createHandle(undefined)
    : createHandle(openTracker(() => late).join('start', options));
}

/** @param handle `undefined` if OpenTelemetry is disabled */
function createHandle(handle: TrackerHandle | undefined): MatomoHandle {
  const shutdown = () => handle?.shutdown() ?? Promise.resolve();
  return {
    stats: () => handle?.stats() ?? noStats(),
    forceFlush: () => handle?.forceFlush() ?? Promise.resolve(),
    shutdown,
    [Symbol.asyncDispose]: shutdown,
  };
}

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
   * Sends what is queued and stops tracking, then {@link start} works again. After `shutdownTimeoutMillis`, what is left is counted as
   * lost. If `register`, a `MatomoSpanProcessor` or another call of `start` still tracks, it only flushes. Never rejects. Further calls
   * return the same promise.
   */
  shutdown(): Promise<void>;
  /** The same as `shutdown`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Tracks all HTTP requests of this process or worker thread. The same as `opentelemetry-matomo/register`, with options in code: no SDK is needed, and
 * spans are used if the application has tracing. Call it before the server listens.
 *
 * When the process ends, queued hits are sent, as with `register`: `exitFlush` is `true` by default, and `shutdownTimeoutMillis` 1500.
 * A process has one tracker, however often this is called, and beside `register` and `MatomoSpanProcessor`. Options in code win over the
 * environment one by one. Those of the first code that has any hold, if nothing tracks yet; other ones have no effect, and one line is logged. A worker thread needs a call of its own, unless the
 * environment has all options. Call it in the main thread before that creates workers: only later ones know of privacy options in code.
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

/** @param handle `undefined` if OpenTelemetry is turned off */
function createHandle(handle: TrackerHandle | undefined): MatomoHandle {
  const shutdown = () => handle?.shutdown() ?? Promise.resolve();
  return {
    stats: () => handle?.stats() ?? noStats(),
    forceFlush: () => handle?.forceFlush() ?? Promise.resolve(),
    shutdown,
    [Symbol.asyncDispose]: shutdown,
  };
}

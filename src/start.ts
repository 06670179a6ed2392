import { createDiagnostics } from './common/diagnostics.js';
import { coded } from './common/messages.js';
import { isSdkDisabled } from './common/otel-global.js';
import { type Session, startOffer } from './common/start-hook.js';
import { checkOptions } from './options/resolve-options.js';
import type { MatomoOptions } from './options.js';
import { type MatomoStats, noStats } from './pipeline/stats.js';
import { announceOptions } from './pipeline/worker-options.js';
import { register } from './register/register.js';
import * as late from './register/serve.js';

/** What {@link start} returns. */
export interface MatomoHandle extends AsyncDisposable {
  /**
   * Counts of all requests and hits of this thread since {@link start}, all zero until the server listens.
   */
  stats(): MatomoStats;
  /**
   * Makes one attempt to send everything queued, and does not wait until Matomo is available. Resolves after 5 seconds at the latest, or
   * after `exportTimeoutMillis` if that is shorter: if Matomo has not answered by then, the attempt goes on, and other hits stay queued.
   * Never rejects.
   */
  forceFlush(): Promise<void>;
  /**
   * Sends what is queued and stops tracking, then {@link start} works again. After `shutdownTimeoutMillis`, what is left is counted as
   * lost. A `MatomoSpanProcessor` in the application's own tracing is only flushed, and stops with its SDK. Never rejects. Further calls
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
 * If `register` is loaded, too, options in code win over the environment one by one. If `start` was called before, or tracking has
 * begun, the options are ignored, one line is logged, and the same handle is returned. A worker thread needs a call of its own, unless the
 * environment has all options. Call it in the main thread before that creates workers: only later ones know of privacy options in code.
 *
 * @param options - Options. Environment variables set those that are missing.
 * @returns The handle to flush or stop tracking.
 * @throws {@link OptionError}, a `TypeError`, if an option is invalid. It names the option and the value.
 * @example
 * start({ url: 'https://matomo.example.org', siteId: 1, ignore: ({ path }) => path.startsWith('/internal/') });
 */
export function start(options: MatomoOptions = {}): MatomoHandle {
  checkOptions(options, process.env);
  if (isSdkDisabled(process.env)) return createHandle(NO_SESSION);
  const offer = startOffer() ?? register(() => late);
  const session = offer.session();
  const set = Object.entries(options).filter(([, value]) => value !== undefined);
  const names = set.map(([name]) => name).join(', ');
  const reason = findReasonToIgnore(session);
  const { warn, print } = createDiagnostics();
  if (names !== '' && reason !== undefined) {
    warn(coded('start-ignored', ignored(names, reason)));
  } else if (names !== '') {
    session.options = Object.fromEntries(set);
    announceOptions(options);
    session.onRegister = () => print(coded('started-twice', besideRegister(names)));
    if (offer.isRegistered) session.onRegister();
  }
  session.handle ??= createHandle(session);
  return session.handle as MatomoHandle;
}

/** Why options have no effect, if that is so. */
function findReasonToIgnore({ handle, isServing }: Session): string | undefined {
  if (handle) return 'start() was called before';
  return isServing ? 'tracking has already begun' : undefined;
}

function createHandle(
  session: Pick<Session, 'processors' | 'forceFlush' | 'shutdown'>,
): MatomoHandle {
  return {
    stats() {
      const [processor] = session.processors();
      return processor ? (processor as MatomoHandle).stats() : noStats();
    },
    forceFlush: () => session.forceFlush(),
    shutdown: () => session.shutdown(),
    [Symbol.asyncDispose]: () => session.shutdown(),
  };
}

/** Used if OpenTelemetry is turned off. */
const NO_SESSION: Parameters<typeof createHandle>[0] = {
  processors: () => [],
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
};

function ignored(names: string, reason: string): string {
  return `The options of start() are ignored (${names}), because ${reason}. Call start() with options once, before the server listens.`;
}

function besideRegister(names: string): string {
  return `opentelemetry-matomo/register is loaded, and start() was called. Requests are tracked once. Options of start() win over the environment (${names}).`;
}

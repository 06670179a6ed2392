import { createDiagnostics, type Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { isSdkDisabled } from '../common/otel-global.js';
import { AsyncScope } from '../common/timers.js';
import { watchTracking } from '../common/watch-tracking.js';
import { readEnvironment } from '../options/environment.js';
import type { RecordOption } from '../options/option-table.js';
import type { MatomoOptions } from '../options.js';
import { captureRequest } from '../requests/captured-requests.js';
import { internalsOf } from '../requests/processor-internals.js';
import { recordServerSpans, type Sampler } from '../sampler.js';
import { MatomoSpanProcessor } from '../span-processor.js';
import { type NodeRequests, trackNodeRequests } from './node-requests.js';
import { NOT_SERVING, type Provider, type Registration, type Serving } from './registration.js';
import { isHttp2Server } from './server-events.js';
import { currentProvider } from './watch-providers.js';

/** Default of `shutdownTimeoutMillis`: PM2 kills 1.6 s after SIGINT. */
const REGISTERED_SHUTDOWN_MILLIS = 1_500;

const CHECK_MILLIS = 60_000;

/** Most of them may not be sampled. */
const SAMPLED_REQUESTS_TO_JUDGE = 1_000;

/**
 * Reads the environment and starts tracking. `lookAgain` finds tracer providers that are not watched yet. `options` are those of
 * `start`, which it has checked.
 */
export function serve(
  registration: Registration,
  lookAgain: () => void,
  options: MatomoOptions,
): Serving {
  const diagnostics = createDiagnostics();
  try {
    return start(registration, lookAgain, options, diagnostics);
  } catch (error) {
    diagnostics.error(
      coded(
        'not-started',
        `Could not start: ${error}. Nothing is tracked. Run npx opentelemetry-matomo doctor.`,
      ),
    );
    return NOT_SERVING;
  }
}

function start(
  registration: Registration,
  lookAgain: () => void,
  options: MatomoOptions,
  diagnostics: Diagnostics,
): Serving {
  lookAgain();
  if (isSdkDisabled(process.env)) return NOT_SERVING;
  const processor = registration.ownProcessors.length > 0 ? undefined : createProcessor(options);
  // Without a valid environment, a processor of the application can still have options in code.
  const isEnabled = options.enabled ?? readEnvironment('enabled', process.env);
  if (!processor && isEnabled === false) return NOT_SERVING;
  // Node.js opens this stream when the first socket closes, and it would keep the request of that socket by its async context.
  void process.stderr;
  const { processor: lazy } = registration;
  lazy.real = processor;
  if (processor) internalsOf(processor)?.flushAtEnd();
  const record = readEnvironment('record', process.env) ?? 'requests';
  let requests: NodeRequests | undefined;
  /** Undo what tracking has changed or started. */
  const cleanups: (() => void)[] = [];
  if (processor) trackWithoutSpans(processor);

  function trackWithoutSpans(tracker: MatomoSpanProcessor): void {
    requests = trackNodeRequests(tracker, record, () =>
      diagnostics.warnOnce('http2', coded('http2-not-tracked', HTTP2)),
    );
    const isSampled = record === 'sampled';
    const scope = new AsyncScope('opentelemetry-matomo');
    const timer = scope.runInAsyncScope(() => setInterval(checkProvider, CHECK_MILLIS).unref());
    cleanups.push(
      () => clearInterval(timer),
      watchTracking(
        () => tracker.stats(),
        (after) =>
          after === 1 ? undefined : coded('nothing-tracked', nothingTracked(after, isSampled)),
        diagnostics,
        isSampled ? SAMPLED_REQUESTS_TO_JUDGE : undefined,
      ),
    );
  }

  /** Some libraries delete the API's global object, or replace the list of processors. */
  function checkProvider(): void {
    lookAgain();
    const provider = currentProvider();
    if (lazy.real && provider) registration.addProvider(provider, true);
  }

  /** Nothing that ends or starts later is added to the processor. */
  function stopTracking(): void {
    lazy.real = undefined;
    if (processor) internalsOf(processor)?.stop();
    requests?.stop();
    for (const cleanUp of cleanups.splice(0)) cleanUp();
  }

  /** The provider has a processor: requests come from its spans, also those that its sampler drops. */
  function trackSpans(provider: object): void {
    requests?.preferSpans();
    cleanups.push(recordRequests(provider, record, diagnostics));
  }

  registration.listen({
    attached(provider) {
      if (processor) trackSpans(provider);
    },
    restored(provider) {
      diagnostics.warn(coded('processors-replaced', processorsReplaced(provider)));
    },
    foreign(provider) {
      if (processor)
        diagnostics.warn(coded('provider-without-processors', takesNoProcessors(provider)));
    },
    standDown(provider) {
      stopTracking();
      void processor?.shutdown();
      const [own] = registration.ownProcessors;
      if (!own || !internalsOf(own)) return;
      trackWithoutSpans(own as MatomoSpanProcessor);
      trackSpans(provider);
    },
    failed(error) {
      if (processor) diagnostics.warn(coded('not-attached', notAttached(error)));
    },
  });
  let isConnected = false;
  return {
    onConnection(server) {
      if (requests && isHttp2Server(server)) requests.expectStreams(server);
      if (isConnected) return;
      isConnected = true;
      checkProvider();
    },
    onFirstRequest(message) {
      if (requests) captureRequest(message);
    },
    async stop() {
      const own = registration.ownProcessors;
      const closed = lazy.shutdown();
      stopTracking();
      await closed;
      await Promise.all(own.map((each) => each.forceFlush()));
    },
  };
}

/** Creates a processor from options and environment; `undefined` if these do not allow tracking. */
function createProcessor(options: MatomoOptions): MatomoSpanProcessor | undefined {
  const processor = new MatomoSpanProcessor({
    ...(process.env.MATOMO_SHUTDOWN_TIMEOUT?.trim()
      ? {}
      : { shutdownTimeoutMillis: REGISTERED_SHUTDOWN_MILLIS }),
    ...options,
  });
  return internalsOf(processor) && processor;
}

const ADVICE = 'add `new MatomoSpanProcessor()` to the span processors of your tracing setup.';
const WITHOUT_SPANS = 'Requests are tracked without spans, so attributes on spans have no effect';
const HTTP2 =
  'A server speaks HTTP/2. Its requests over HTTP/2 are not tracked, those over HTTP/1.1 are. ' +
  'To track all, use Node.js 22.23, 24.21, 26.10 or later, or put a proxy in front of it that speaks HTTP/2 with clients and HTTP/1.1 with the server.';

function takesNoProcessors(provider: object): string {
  const found = `The tracer provider ${provider.constructor?.name} takes no span processors`;
  const effect = 'Every request is tracked without spans; only attributes on spans have no effect';
  return `${found}. ${effect}. If you need them, ${ADVICE} Keep register: without it, only requests that are sampled are tracked.`;
}

function notAttached(error: unknown): string {
  return `Could not attach to the tracer provider (${error}). ${WITHOUT_SPANS}. To use spans, ${ADVICE}`;
}

function processorsReplaced(provider: object): string {
  const found = `The span processors of ${provider.constructor?.name} were replaced after register had added its own`;
  const effect = 'Requests in between may be missing; register has added its own again';
  return `${found}. ${effect}. To avoid that, ${ADVICE}`;
}

function nothingTracked(requests: number, isSampled: boolean): string {
  const advice = isSampled
    ? 'Unset MATOMO_RECORD=sampled, or let the sampler of the application record more requests.'
    : `Unless tracing ignores them on purpose, run \`npx opentelemetry-matomo doctor\`, or ${ADVICE}`;
  return `${requests} requests were served, and none was tracked or ignored. Matomo receives nothing. ${advice}`;
}

/** Checked in the sources of SDK 1.30, 2.0, 2.12 and 3.1. */
interface SampledProvider extends Provider {
  /** Later tracers read the sampler from `_tracerOptions` in SDK 2.9 and later, from `_config` in SDK 1 to 2.8. */
  readonly _tracerOptions?: { sampler?: Sampler };
  readonly _config?: { sampler?: Sampler };
  readonly _tracers?: ReadonlyMap<string, { _sampler?: Sampler }>;
}

/** Sentry sends what is recorded, sampled or not: requests that it drops are tracked without spans. */
const SENTRY_SAMPLER = 'SentrySampler';

/** Samplers that record all requests: a provider may be seen twice. */
const wrapped = new WeakSet<Sampler>();

/**
 * Makes a provider record all server spans, also those that its sampler drops, until the returned function is called. What it exports
 * and what it propagates to other services does not change.
 */
function recordRequests(
  provider: object,
  record: RecordOption,
  diagnostics: Diagnostics,
): () => void {
  const nothing = () => undefined;
  if (record === 'sampled') return nothing;
  const { _tracerOptions, _config, _tracers } = provider as SampledProvider;
  const holder = _tracerOptions?.sampler ? _tracerOptions : (_config ?? {});
  const { sampler } = holder;
  if (!sampler) {
    diagnostics.warn(
      coded(
        'sampler-not-reached',
        `Cannot reach the sampler of ${provider.constructor?.name}. Requests that it drops make no hit. ` +
          'Wrap it with `recordServerSpans(sampler)` in your tracing setup.',
      ),
    );
    return nothing;
  }
  if (wrapped.has(sampler) || `${sampler}` === SENTRY_SAMPLER) return nothing;
  const recording = recordServerSpans(sampler, { children: record === 'all' ? 'all' : 'keys' });
  wrapped.add(recording);

  function use(next: Sampler): void {
    holder.sampler = next;
    for (const tracer of _tracers?.values() ?? []) {
      if (tracer._sampler) tracer._sampler = next;
    }
  }

  use(recording);
  return function restore() {
    if (holder.sampler === recording) use(sampler);
  };
}

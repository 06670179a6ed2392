import { isMainThread } from 'node:worker_threads';
import { createDiagnostics, type Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { PROCESSOR_BRAND } from '../common/processor-brand.js';
import { readEnvironment } from '../options/resolve-options.js';
import { FORWARDED_REQUESTS, type ForwardedRequestSink } from '../requests/forwarded-request.js';
import { MatomoSpanProcessor } from '../span-processor.js';
import { ForwardingProcessor } from './forwarding-processor.js';
import type { Processor } from './lazy-processor.js';
import { trackNodeRequests } from './node-requests.js';
import { recordRequests } from './record-requests.js';
import type { Registration } from './registration.js';
import { NOT_SERVING, type Serving } from './serving.js';
import { loadTracingParts, requireHttp, startTracing } from './start.js';
import { currentProvider } from './watch-providers.js';
import { watchTracking } from './watch-tracking.js';
import { isHttp2Server } from './when-serving.js';

/** Reads the environment and starts tracking. `lookAgain` finds tracer providers that are not watched. */
export function serve(registration: Registration, lookAgain: () => void): Serving {
  const diagnostics = createDiagnostics();
  try {
    return start(registration, lookAgain, diagnostics);
  } catch (error) {
    diagnostics.error(coded('not-started', `could not start, nothing is tracked: ${error}`));
    return NOT_SERVING;
  }
}

function start(
  registration: Registration,
  lookAgain: () => void,
  diagnostics: Diagnostics,
): Serving {
  lookAgain();
  if (process.env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true') return NOT_SERVING;
  const processor =
    registration.ownProcessors.length > 0 ? undefined : createProcessor(diagnostics);
  // Options in code may still make a processor of the application work.
  if (!processor && readEnvironment('enabled', process.env) === false) return NOT_SERVING;
  const { processor: place } = registration;
  place.real = processor;
  // A worker gets no signals, and ends when its main thread does.
  if (isMainThread) registration.flushAtExit(place);
  const record = readEnvironment('record', process.env) ?? 'requests';
  const requests = processor && trackNodeRequests(processor, record);
  const watch = processor && watchTracking(processor, record, checkProvider, diagnostics);

  /** Libraries delete the API's global object, or replace the list of processors. */
  function checkProvider(): void {
    lookAgain();
    const provider = currentProvider();
    if (place.real && provider) registration.restore(provider);
  }

  registration.follow({
    attached(provider) {
      if (!processor) return;
      requests?.preferSpans();
      recordRequests(provider, record, diagnostics);
    },
    restored(provider) {
      diagnostics.warn(coded('processors-replaced', processorsReplaced(provider)));
    },
    foreign(provider) {
      if (processor)
        diagnostics.warn(coded('provider-without-processors', takesNoProcessors(provider)));
    },
    standDown() {
      place.real = undefined;
      requests?.stop();
      watch?.stop();
      void processor?.shutdown();
    },
    failed(error) {
      if (processor) diagnostics.warn(coded('not-attached', notAttached(error)));
    },
  });
  const startParts = prepareTracing(processor && place, diagnostics);
  let isConnected = false;
  return {
    onConnection(server) {
      if (processor && isHttp2Server(server))
        diagnostics.warnOnce('http2', coded('http2-not-tracked', HTTP2));
      if (isConnected) return;
      isConnected = true;
      checkProvider();
      startParts();
    },
    onFirstRequest: (message) => requests?.addFirst(message),
    addForwarded(forwarded) {
      const [taker = processor] = registration.ownProcessors;
      const sink = (taker as { [FORWARDED_REQUESTS]?: ForwardedRequestSink } | undefined)?.[
        FORWARDED_REQUESTS
      ];
      sink?.(forwarded);
    },
  };
}

/** With the environment alone; `undefined` if that does not allow tracking. */
function createProcessor(diagnostics: Diagnostics): Processor | undefined {
  if (!isMainThread) return ForwardingProcessor.create(diagnostics);
  // PM2 kills 1.6 s after SIGINT.
  const processor = new MatomoSpanProcessor(
    process.env.MATOMO_SHUTDOWN_TIMEOUT?.trim() ? {} : { shutdownTimeoutMillis: 1500 },
  );
  const isAtWork = (processor as unknown as Record<symbol, boolean>)[PROCESSOR_BRAND];
  return isAtWork ? processor : undefined;
}

/**
 * An application may set its tracing up at any time before it serves. At its first connection it is certain that it
 * has none; the request on it comes later than this, so that none is missed. The parts are loaded before, because loading
 * takes longer than a request should wait. Where it has tracing, that may still wait for `http` to be required: ES
 * modules only import it.
 */
function prepareTracing(
  processor: Parameters<typeof startTracing>[1] | undefined,
  diagnostics: Diagnostics,
): () => void {
  let parts: ReturnType<typeof loadTracingParts>;
  let isLoaded = false;

  function load(): void {
    if (isLoaded || !processor || currentProvider()) return;
    isLoaded = true;
    parts = loadTracingParts(__filename);
  }

  setImmediate(load).unref?.();
  return function startOrJoin() {
    try {
      load();
      if (currentProvider()) requireHttp();
      else if (parts && processor) startTracing(parts, processor);
    } catch (error) {
      diagnostics.error(
        coded('not-started', `could not start tracing, spans are not tracked: ${error}`),
      );
    }
  };
}

const ADVICE = 'add `new MatomoSpanProcessor()` to the span processors of your tracing set-up';
const WITHOUT_SPANS =
  'Requests are tracked without spans, so that attributes on spans have no effect';
const HTTP2 =
  'A server speaks HTTP/2. Requests over HTTP/2 are not tracked, those over HTTP/1.1 to the same server are. ' +
  'To track all, let a proxy in front of it speak HTTP/2';

function takesNoProcessors(provider: object): string {
  const found = `The tracer provider ${provider.constructor?.name} takes no span processors`;
  return `${found}. ${WITHOUT_SPANS}. To use spans, ${ADVICE}`;
}

function notAttached(error: unknown): string {
  return `Could not attach to the tracer provider (${error}). ${WITHOUT_SPANS}. To use spans, ${ADVICE}`;
}

function processorsReplaced(provider: object): string {
  const found = `The span processors of ${provider.constructor?.name} were replaced after register had joined them`;
  const effect = 'Requests in between may be missing; register has joined them again';
  return `${found}. ${effect}. To avoid that, ${ADVICE}`;
}

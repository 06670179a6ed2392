import type { Server } from 'node:net';
import { type Capture, startCapture } from '../capture/capture.js';
import { describeError } from '../common/describe-error.js';
import { createDiagnostics, type Diagnostics } from '../common/diagnostics.js';
import { environment } from '../common/environment.js';
import { coded } from '../common/messages.js';
import { activeContext, isSdkDisabled, spanOf } from '../common/otel-global.js';
import type { Context, Span } from '../common/otel-types.js';
import type { MatomoOptions } from '../options.js';
import { findRequestOf, isRecorded, requestOfCall } from '../request/contexts.js';
import { Ends } from '../request/ends.js';
import type { FinishedSpan } from '../request/finished-span.js';
import { createRequestFunctions, NO_REQUEST, type RequestFunctions } from '../request/functions.js';
import type { Request } from '../request/request.js';
import { ProviderWatch, type SpanListener } from '../spans/attach.js';
import { Spans } from '../spans/spans.js';
import { createPipeline, type Pipeline } from './pipeline.js';

/** Default of `shutdownTimeoutMillis` with `register` and `start`. PM2 kills a process 1.6 s after SIGINT. */
const REGISTERED_SHUTDOWN_MILLIS = 1_500;

/** The attribute that Sentry sets on spans of sampled requests. Sentry passes only sampled requests to processors. */
const SENTRY_RATE = 'sentry.sample_rate';

/** Watches the requests of a process from its first server or call on: requests of Node's servers, their spans, and calls of the application. */
export class RequestWatch {
  readonly pipeline: Pipeline;
  readonly capture: Capture;
  readonly #ends: Ends;
  readonly #spans: Spans;
  readonly #providers: ProviderWatch;
  readonly #diagnostics: Diagnostics;
  readonly #functions: RequestFunctions;
  #hasStreams = false;
  readonly #http2Servers = new WeakSet<Server>();

  constructor(pipeline: Pipeline, providers: ProviderWatch, diagnostics: Diagnostics) {
    // Node.js opens this stream when the first socket closes. The stream would keep the request of that socket in memory by its async context.
    void process.stderr;
    this.pipeline = pipeline;
    this.#providers = providers;
    this.#diagnostics = diagnostics;
    this.#functions = createRequestFunctions(pipeline, findRequest);
    this.#ends = new Ends(pipeline.end);
    this.#spans = new Spans(pipeline, this.#ends);
    pipeline.ends = this.#ends;
    pipeline.spans = this.#spans;
    this.capture = startCapture(this, this.#ends);
  }

  /** A server listens, or a connection or stream begins. Called before an instrumentation sees its requests. */
  begin(): void {
    if (this.pipeline.countsAll) this.#providers.look();
  }

  /** An HTTP/2 stream was announced. Called before its request begins, if the stream is a request. */
  beginStream(canCapture: boolean): void {
    this.#hasStreams = true;
    if (!canCapture) this.#diagnostics.warnOnce('http2', coded('http2-not-tracked', HTTP2));
  }

  /** Checks, when the first stream of an HTTP/2 server begins, whether Node.js announces streams. */
  expectStreams(server: Server): void {
    if (this.#hasStreams || this.#http2Servers.has(server)) return;
    this.#http2Servers.add(server);
    server.once('stream', () => {
      if (!this.#hasStreams) this.beginStream(false);
    });
  }

  onStart(span: Span, parentContext: Context): void {
    try {
      this.#spans.start(span, parentContext);
    } catch (error) {
      this.#reportFailure('onStart', error);
    }
  }

  onEnd(span: FinishedSpan): void {
    try {
      this.#spans.end(span);
      const rate = this.pipeline.countsAll ? undefined : span.attributes[SENTRY_RATE];
      if (typeof rate === 'number' && rate < 1) {
        const text = `Sentry samples with a rate of ${rate}, and passes no other requests to MatomoSpanProcessor. Matomo gets only these requests. To track all, also load opentelemetry-matomo/register, or set tracesSampleRate to 1 and drop transactions in beforeSendTransaction.`;
        this.#diagnostics.warnOnce('sampled', coded('only-sampled', text));
      }
    } catch (error) {
      this.pipeline.countUnused();
      this.#reportFailure('onEnd', error);
    }
  }

  /** Handles a span that ends after the shutdown. Its request ends immediately, because the process may end soon. */
  endLate(span: FinishedSpan): void {
    this.onEnd(span);
    this.#ends.endWaiting();
  }

  #reportFailure(callback: string, error: unknown): void {
    const text = `${callback} failed (${describeError(error)}). A request may be missing. Please report this.`;
    this.#diagnostics.warnOnce(callback, coded('internal-error', text));
  }

  /** The functions for one of Node's requests, else for the request of the async context. */
  functions(incoming?: object): RequestFunctions {
    if (incoming === undefined) return this.#functions;
    const request = findRequestOf(incoming);
    if (!request) this.pipeline.reportHit('forRequest', NO_REQUEST);
    return createRequestFunctions(this.pipeline, () => request ?? 'missing');
  }

  async flush(): Promise<void> {
    await this.#ends.settle();
    await this.pipeline.flush();
  }

  shutdown(): Promise<void> {
    this.capture.stop();
    return this.pipeline.shutdown();
  }
}

/** Starts tracking; `undefined` if the options do not allow it. The reason is logged. Never throws. */
export function startWatch(
  options: MatomoOptions,
  countsAll: boolean,
  providers: ProviderWatch,
): RequestWatch | undefined {
  if (isSdkDisabled(environment())) return undefined;
  const diagnostics = createDiagnostics();
  const hasDeadline = !countsAll || environment().MATOMO_SHUTDOWN_TIMEOUT?.trim();
  const defaults = hasDeadline ? {} : { shutdownTimeoutMillis: REGISTERED_SHUTDOWN_MILLIS };
  try {
    const owner = { component: 'matomo_span_processor' };
    const pipeline = createPipeline({ ...defaults, ...options }, diagnostics, owner);
    if (!pipeline) return undefined;
    pipeline.countsAll = false;
    if (countsAll) pipeline.countAll();
    return new RequestWatch(pipeline, providers, diagnostics);
  } catch (error) {
    const text = `Could not start: ${error}. Nothing is tracked. Run npx opentelemetry-matomo doctor.`;
    diagnostics.error(coded('not-started', text));
    return undefined;
  }
}

/** Attaches to tracer providers, independent of the tracker that runs at a given time. */
export function watchProviders(listener: SpanListener): ProviderWatch {
  const diagnostics = createDiagnostics();
  return new ProviderWatch(listener, (problem) => {
    const text = `Cannot add a span processor to the tracer provider: ${problem}. Requests are tracked without spans, so attributes on spans have no effect. To use them, add \`new MatomoSpanProcessor()\` to the span processors of your tracing setup.`;
    diagnostics.warn(coded('not-attached', text));
  });
}

/** The request of a call; `unknown` below a span that is not recorded, because the visitor of its request may have opted out. */
function findRequest(): Request | 'unknown' | undefined {
  const request = requestOfCall();
  if (request) return request;
  const span = spanOf(activeContext());
  const isUnknown = span && !isRecorded(span) && span.spanContext().traceId !== NO_TRACE;
  return isUnknown ? 'unknown' : undefined;
}

/** `INVALID_TRACEID` of OpenTelemetry's API. Tracing is suppressed in a span with this ID. */
const NO_TRACE = '0'.repeat(32);

const HTTP2 =
  'A server speaks HTTP/2. Its requests over HTTP/2 are not tracked, those over HTTP/1.1 are. To track all, use Node.js 22.23, 24.21, 26.10 or later, or put a proxy in front of it that speaks HTTP/2 with clients and HTTP/1.1 with the server.';

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
import { type FinishedSpan, SERVER_SPAN } from '../request/finished-span.js';
import { createRequestFunctions, NO_REQUEST, type RequestFunctions } from '../request/functions.js';
import { readRequest } from '../request/read-request.js';
import type { ReadRequest, Request } from '../request/request.js';
import type { Tracker } from '../request/tracker.js';
import { ProviderWatch, type SpanListener } from '../spans/attach.js';
import { Spans } from '../spans/spans.js';
import { describeNothingTracked, REQUESTS_TO_JUDGE } from './nothing-tracked.js';
import { createPipeline, type Pipeline } from './pipeline.js';
import { rehearse } from './rehearse.js';

/** Default of `shutdownTimeoutMillis` with `register` and `start`: PM2 kills 1.6 s after SIGINT. */
const REGISTERED_SHUTDOWN_MILLIS = 1_500;

/** Sentry writes it on the spans of requests that it samples, and passes no others to processors. */
const SENTRY_RATE = 'sentry.sample_rate';

/** What the tracker of a process says when it begins to track. */
export interface TrackerSettings {
  /** Options in code. */
  readonly options: MatomoOptions;
  /** Whether requests without a SERVER span count, and hits are sent at the end of the process: `register` or `start` is a member. */
  readonly countsAll: boolean;
  /** Looks for tracer providers, whatever tracks at a time. */
  readonly providers: ProviderWatch;
  /** Called at a signal that ends the process. */
  readonly shutdown: () => Promise<void>;
}

/** What tracks, from the first server or call until the shutdown of the last member. */
export class RunningTracker implements Tracker {
  readonly #diagnostics: Diagnostics;
  readonly #settings: TrackerSettings;
  readonly #ends = new Ends(
    (request) => this.end(request),
    () => this.pipeline.callsOptions,
  );
  readonly #current: RequestFunctions = createRequestFunctions(this, findRequest);
  readonly capture: Capture;
  /** That of the options that hold now. */
  pipeline: Pipeline;
  #spans: Spans;
  #countsAll: boolean;
  /** Requests without a SERVER span that did not count. */
  #uncounted = 0;
  #hasStreams = false;
  readonly #http2Servers = new WeakSet<Server>();

  constructor(pipeline: Pipeline, settings: TrackerSettings, diagnostics: Diagnostics) {
    // Node.js opens this stream when the first socket closes, and it would keep the request of that socket by its async context.
    void process.stderr;
    this.#diagnostics = diagnostics;
    this.#settings = settings;
    this.#countsAll = settings.countsAll;
    this.pipeline = pipeline;
    this.#spans = this.#use(pipeline);
    this.capture = startCapture(this, this.#ends);
  }

  #use(pipeline: Pipeline): Spans {
    pipeline.ends = this.#ends;
    if (this.#countsAll) pipeline.flushAtEnd(this.#settings.shutdown);
    return new Spans(pipeline, this.#ends);
  }

  /** Sends what is queued, and goes on with options of code that came later. Returns whether these allow to track. */
  replaceOptions(options: MatomoOptions): boolean {
    const pipeline = openPipeline({ ...this.#settings, options }, this.#diagnostics);
    const last = this.pipeline;
    if (!pipeline) {
      last.delivery.keepsForExit = false;
      return false;
    }
    this.#ends.endWaiting();
    this.#spans = this.#use(pipeline);
    this.pipeline = pipeline;
    void last.shutdown();
    return true;
  }

  get countsAll(): boolean {
    return this.#countsAll;
  }

  set countsAll(countsAll: boolean) {
    if (countsAll && !this.#countsAll) this.pipeline.flushAtEnd(this.#settings.shutdown);
    this.#countsAll = countsAll;
  }

  /** A server listens, and will have requests: V8 compiles now what they need, once the server has started. */
  prepare(): void {
    setImmediate(() => {
      try {
        rehearse();
      } catch (error) {
        const text = `Requests could not be prepared (${describeError(error)}). They are tracked all the same. Please report this.`;
        this.#diagnostics.warnOnce('rehearse', coded('internal-error', text));
      }
    }).unref();
  }

  begin(): void {
    if (this.#countsAll) this.#settings.providers.look();
  }

  beginStream(canCapture: boolean): void {
    this.#hasStreams = true;
    if (!canCapture) this.#diagnostics.warnOnce('http2', coded('http2-not-tracked', HTTP2));
  }

  end(request: Request): void {
    try {
      this.#spans.describe(request);
      const http = readRequest(request, this.pipeline.reading);
      if (!http) {
        this.#spans.discard(request);
        this.pipeline.endWithoutHttp(request);
        return;
      }
      request.http = http;
      if (!request.span && request.rpc?.span) this.#checkRecording(request);
      const counts = this.#countsAll || request.span !== undefined;
      if (!counts) this.#countUncounted();
      if (counts || request.hits) this.pipeline.add(request as ReadRequest, counts);
    } catch (error) {
      this.pipeline.loseRequest(request, error);
    } finally {
      request.release();
    }
  }

  /** Attributes of a span that is not recorded do not exist. */
  #checkRecording(request: Request): void {
    const { attributes, service } = request;
    const missing = this.pipeline.attributeNames.filter(
      (name) => (attributes[name] ?? service.attributes[name]) === undefined,
    );
    if (missing.length > 0)
      this.#diagnostics.warnOnce('recorded', coded('spans-not-recorded', notRecorded(missing)));
  }

  #countUncounted(): void {
    this.#uncounted += 1;
    if (this.#uncounted !== REQUESTS_TO_JUDGE) return;
    const { hits, ignored } = this.pipeline.stats();
    if (hits > 0 || Object.values(ignored).some((count) => count > 0)) return;
    this.#diagnostics.error(describeNothingTracked());
  }

  #reportFailure(callback: string, error: unknown): void {
    const text = `${callback} failed (${describeError(error)}). A request may be missing. Please report this.`;
    this.#diagnostics.warnOnce(callback, coded('internal-error', text));
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
      if (span.kind === SERVER_SPAN && !this.#countsAll)
        this.#checkSampling(span.attributes[SENTRY_RATE]);
    } catch (error) {
      this.pipeline.countUnused();
      this.#reportFailure('onEnd', error);
    }
  }

  #checkSampling(rate: unknown): void {
    if (typeof rate === 'number' && rate < 1)
      this.#diagnostics.warnOnce('sampled', coded('only-sampled', onlySampled(rate)));
  }

  /** The functions for one of Node's requests, or for that of the async context. */
  functions(incoming?: object): RequestFunctions {
    if (incoming === undefined) return this.#current;
    const request = findRequestOf(incoming);
    if (!request) this.pipeline.reportHit('forRequest', NO_REQUEST);
    return createRequestFunctions(this, () => request ?? 'missing');
  }

  /** Finds out if the streams of an HTTP/2 server are announced, when the first one begins. */
  expectStreams(server: Server): void {
    if (this.#hasStreams || this.#http2Servers.has(server)) return;
    this.#http2Servers.add(server);
    server.once('stream', () => {
      if (!this.#hasStreams) this.beginStream(false);
    });
  }
}

/** Begins to track; `undefined` if the options do not allow it, which was logged. Never throws. */
export function startTracker(settings: TrackerSettings): RunningTracker | undefined {
  if (isSdkDisabled(environment())) return undefined;
  const diagnostics = createDiagnostics();
  const pipeline = openPipeline(settings, diagnostics);
  return pipeline && new RunningTracker(pipeline, settings, diagnostics);
}

function openPipeline(
  { options, countsAll }: TrackerSettings,
  diagnostics: Diagnostics,
): Pipeline | undefined {
  const hasDeadline = !countsAll || environment().MATOMO_SHUTDOWN_TIMEOUT?.trim();
  const defaults = hasDeadline ? {} : { shutdownTimeoutMillis: REGISTERED_SHUTDOWN_MILLIS };
  const all = { ...defaults, ...options };
  try {
    return createPipeline(all, diagnostics, { component: 'matomo_span_processor' });
  } catch (error) {
    const text = `Could not start: ${error}. Nothing is tracked. Run npx opentelemetry-matomo doctor.`;
    diagnostics.error(coded('not-started', text));
    return undefined;
  }
}

/** Attaches to tracer providers, whatever tracks at a time. */
export function watchProviders(listener: SpanListener): ProviderWatch {
  const diagnostics = createDiagnostics();
  return new ProviderWatch(listener, (problem) =>
    diagnostics.warn(coded('not-attached', notAttached(problem))),
  );
}

/** The request of a call that is made now. Below a span that is not recorded, it may be one whose visitor has opted out. */
function findRequest(): Request | 'unknown' | undefined {
  const request = requestOfCall();
  if (request) return request;
  const span = spanOf(activeContext());
  const isUnknown = span && !isRecorded(span) && span.spanContext().traceId !== NO_TRACE;
  return isUnknown ? 'unknown' : undefined;
}

/** `INVALID_TRACEID` of OpenTelemetry's API: tracing is suppressed. */
const NO_TRACE = '0'.repeat(32);

function notAttached(problem: string): string {
  return `Cannot add a span processor to the tracer provider: ${problem}. Requests are tracked without spans, so attributes on spans have no effect. To use them, add \`new MatomoSpanProcessor()\` to the span processors of your tracing setup.`;
}

const HTTP2 =
  'A server speaks HTTP/2. Its requests over HTTP/2 are not tracked, those over HTTP/1.1 are. ' +
  'To track all, use Node.js 22.23, 24.21, 26.10 or later, or put a proxy in front of it that speaks HTTP/2 with clients and HTTP/1.1 with the server.';

function notRecorded(names: readonly string[]): string {
  return `Options name attributes of spans (${names.join(', ')}), but the sampler does not record the spans of all requests. Hits of the others are sent without them. Set them with annotate, or let the sampler record all spans.`;
}

function onlySampled(rate: number): string {
  return (
    `Sentry samples with a rate of ${rate}, and passes no other requests to MatomoSpanProcessor. Matomo gets only these requests. ` +
    'To track all, also load opentelemetry-matomo/register, or set tracesSampleRate to 1 and drop transactions in beforeSendTransaction.'
  );
}

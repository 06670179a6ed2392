import type { RequestMessage } from '../common/channel-listener.js';
import type { Context, Span } from '../common/otel-types.js';
import type { FurtherHit } from '../hit/further-hit.js';
import {
  captureRequests,
  endClosedRequests,
  openRequests,
  type RequestProcessor,
} from './captured-requests.js';
import { closeRequest } from './connections.js';
import {
  ERROR_STATUS,
  type FinishedSpan,
  mayBeUnreadRequest,
  methodOf,
  SERVER_SPAN,
} from './finished-span.js';
import { hasHitEvent, hitsOfEvents } from './matomo-attributes.js';
import { updateOperation } from './operations/index.js';
import { clientOf } from './read-headers.js';
import { type RequestReading, readRequest } from './read-request.js';
import type { HitReports, Request, RequestSink } from './request.js';
import { RequestFinder } from './request-of-span.js';
import { hasBegun, isOpen, measureResponse, statusAttribute } from './response.js';
import { routeOf } from './routes/index.js';
import { annotateBelow, annotateOwn, isAnnotated, isAnnotatedBelow } from './span-annotations.js';
import { ownedSpanOf } from './span-owner.js';

/** Which requests are tracked if they have no SERVER span when they end. */
export interface SpanlessRules {
  isAccepted(message: RequestMessage): boolean;
  /** Called for each stream of HTTP/2 that begins. */
  isStreamAccepted(): boolean;
}

/** Watches requests and live spans, and passes on each HTTP request once, when it has ended. */
export class RequestTracker implements RequestProcessor {
  readonly reports: HitReports;
  readonly #sink: RequestSink;
  readonly #reading: RequestReading;
  readonly #report: (callback: string, error: unknown) => void;
  readonly #finder = new RequestFinder();
  /** SERVER spans whose requests have ended before them: they add nothing any more. */
  readonly #late = new WeakSet<object>();
  /** Set as long as requests without a SERVER span that these accept are tracked, too. */
  #spanless: SpanlessRules | undefined;
  /** Whether the latest request was to be tracked even without a SERVER span. */
  tracksSpanless = false;
  /** Its processor is shut down, and tracks until another one does. */
  isRetired = false;
  /** Stops capturing requests. */
  readonly stop: () => void;

  /** `report` gets what fails outside of the calls of the SDK. */
  constructor(
    sink: RequestSink,
    reading: RequestReading,
    report: (callback: string, error: unknown) => void,
  ) {
    this.reports = sink.reports;
    this.#sink = sink;
    this.#reading = reading;
    this.#report = report;
    this.stop = captureRequests(this);
  }

  /**
   * From now on, also tracks requests without a SERVER span that `rules` accept, and open ones that a processor before this one has
   * accepted; with `undefined`, no longer.
   */
  trackSpanless(rules: SpanlessRules | undefined): void {
    endClosedRequests(); // by the rules that they began with
    this.#spanless = rules;
    if (!rules) return;
    for (const announced of openRequests())
      if (announced.onClosed && !announced.isTraced) announced.onClosed = this.#endSpanless;
  }

  /** A request has begun, in whose async context this is called. */
  begin(announced: Request, message: RequestMessage): void {
    const { request: incoming, response } = message;
    const { isMeasured } = this.#reading;
    if (isMeasured?.(clientOf(incoming.headers, announced.connection)))
      measureResponse(announced, response);
    if (announced.untracked) return;
    this.tracksSpanless = this.#spanless?.isAccepted(message) ?? false;
    if (!this.tracksSpanless) return;
    this.#watchSpanless(announced);
    void incoming.socket.remoteAddress; // Node.js remembers it: it is unknown once the connection is closed
  }

  /** A stream of HTTP/2 has begun. `undefined`: it is no request, or cannot be captured. */
  beginStream(announced: Request | undefined): void {
    const isAccepted = this.#spanless?.isStreamAccepted();
    if (isAccepted && announced && !announced.untracked) this.#watchSpanless(announced);
  }

  #watchSpanless(announced: Request): void {
    announced.announcedMillis = Date.now(); // a clock that is set later does not move the request
    announced.onClosed = this.#endSpanless;
  }

  /** The request that a span belongs to, as announced. */
  findRequest(span: Span, announced: Request | undefined): Request | undefined {
    return announced?.untracked ? undefined : this.#finder.ofCall(announced, span)?.announced;
  }

  takeHit(hit: FurtherHit, announced: Request | undefined, span: Span | undefined): void {
    if (announced?.untracked) return;
    const request = this.#finder.ofHit(announced, span, this.#spanless !== undefined);
    if (request !== 'other') this.#sink.addFurtherHit(hit, request);
  }

  /** Does not wait any longer for the SERVER span of a request whose response is closed. Never throws. */
  abandon(announced: Request): void {
    this.#guard('abandon', () => {
      const request = this.#finder.own(announced);
      // One of something else may get its attributes later.
      if (request?.span && methodOf(request.span.attributes) !== undefined)
        this.#endUnended(request, request.span);
    });
  }

  /** Does not wait for any such span, except that Node.js closes the response of a request that was just sent in this tick. */
  endWaiting(): void {
    for (const announced of endClosedRequests()) {
      if (!announced.isSent || !isOpen(announced)) this.abandon(announced);
    }
  }

  /** Called for every span that starts. */
  onStart(span: Span, parentContext: Context): void {
    const started = span as Span & FinishedSpan;
    if (started.attributes === undefined) return; // the tracer is not of an OpenTelemetry SDK
    const parent = ownedSpanOf(parentContext);
    if (started.kind === SERVER_SPAN) this.#finder.addServerSpan(started, parent);
    else this.#finder.addSpan(started, parent, parentContext);
  }

  /** Called for every span that ends. */
  onEnd(span: FinishedSpan): void {
    if (span.kind === SERVER_SPAN) {
      const request = this.#finder.ofServerSpan(span);
      if (request && isEndedLater(request, span)) request.onClosed = this.#endClosed;
      else if (request) this.#end(request);
      else if (!this.#late.has(span)) this.#endSpanBelow(this.#finder.ofPart(span), span);
      return;
    }
    if (isAnnotatedBelow(span, this.#reading)) this.#endSpanBelow(this.#finder.ofChild(span), span);
  }

  /** Ends requests whose responses have begun, with their current status: the process is about to end. */
  endOpen(): void {
    for (const announced of endClosedRequests()) this.abandon(announced);
    for (const announced of openRequests()) {
      this.#guard('endOpen', () => {
        const request = this.#finder.own(announced);
        if (!hasBegun(request ?? announced)) return;
        if (!announced.isTraced) closeRequest(announced);
        else if (request?.span) this.#endUnended(request, request.span);
      });
    }
  }

  /** If it has a span, that ends the request. */
  readonly #endSpanless = (announced: Request): void => {
    this.#guard('endSpanless', () => {
      if (!this.#spanless || announced.isTraced) return;
      const request = this.#finder.takeOwn(announced);
      request.dropSpan(); // not of HTTP
      this.#end(request);
    });
  };

  /** Its SERVER span has ended before. */
  readonly #endClosed = (request: Request): void => {
    this.#guard('endClosed', () => this.#end(request));
  };

  #guard(callback: string, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#report(callback, error);
    }
  }

  /** Its SERVER span has not ended. */
  #endUnended(request: Request, span: FinishedSpan): void {
    this.#late.add(span);
    this.#end(request);
  }

  #end(request: Request): void {
    const { span } = request;
    try {
      if (span) annotateOwn(request, span, this.#reading);
      const http = readRequest(request, this.#reading);
      if (http) {
        if (span) this.#takeEvents(span, request); // they wait for the end, so that the page view is queued first
        this.#sink.addRequest(request.end(http));
      } else if (span) {
        if (mayBeUnreadRequest(span)) this.#reading.reportUnreadRequest(span);
        request.close();
        this.#takeEvents(span, undefined);
        this.#countUnused(span);
      }
    } catch (error) {
      request.close();
      this.#sink.loseRequest(error);
    } finally {
      if (!request.http) request.release(); // one span, one hit; the sink releases those that it gets
    }
  }

  #endSpanBelow(request: Request | undefined, span: FinishedSpan): void {
    this.#takeEvents(span, request);
    if (!request || request.closed) {
      this.#countUnused(span);
      return;
    }
    annotateBelow(request, span, this.#reading);
    const { http, spanAdditions } = request;
    if (!http || !spanAdditions) return;
    // Next.js ends its own SERVER span after the one of the http instrumentation.
    const route = http.route ?? routeOf(request, {}, http.path, this.#reading.redactPath);
    const operation = updateOperation(http.operation, spanAdditions, this.#reading.readsMcp);
    request.http = { ...http, route, operation };
  }

  /** Adds the hits in events of an ended span. */
  #takeEvents(span: FinishedSpan, request: Request | undefined): void {
    if (!hasHitEvent(span)) return;
    const owner = this.#finder.ofEvents(span, request);
    for (const hit of hitsOfEvents(span)) this.#sink.addFurtherHit(hit, owner);
  }

  /** Routes are not counted: most of the spans that have one add nothing to their request. */
  #countUnused(span: FinishedSpan): void {
    if (isAnnotated(span, this.#reading) && !hasHitEvent(span)) this.#sink.countUnused();
  }
}

/**
 * Whether a request does not end with its SERVER span: its response is closed in this turn of the event loop, or is not sent yet, and the
 * span does not know its status. After an error, there may be no response.
 */
function isEndedLater(request: Request, span: FinishedSpan): boolean {
  if (request.announced.isEnding) return true;
  if (!request.incoming || !isOpen(request) || hasBegun(request)) return false;
  return span.status.code !== ERROR_STATUS && statusAttribute(span.attributes) === undefined;
}

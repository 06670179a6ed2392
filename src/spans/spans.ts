import type { Context, Span } from '../common/otel-types.js';
import { isRecorded, markEnded, ownerOf, requestOfSpan, setOwner } from '../request/contexts.js';
import type { Ends } from '../request/ends.js';
import {
  type FinishedSpan,
  mayBeUnreadRequest,
  methodOf,
  SERVER_SPAN,
} from '../request/finished-span.js';
import { hasHitEvent, hitsOfEvents } from '../request/matomo-attributes.js';
import { Request } from '../request/request.js';
import type { SpanReceiver } from '../request/tracker.js';
import { annotateBelow, annotateOwn, isAnnotated, isAnnotatedBelow } from './facts.js';

/**
 * Spans of this process, from their start to their end: which request each belongs to, and what it adds. A SERVER span of HTTP describes
 * its request; any further one adds to it like a child span.
 */
export class Spans {
  readonly #receiver: SpanReceiver;
  readonly #ends: Ends;

  constructor(receiver: SpanReceiver, ends: Ends) {
    this.#receiver = receiver;
    this.#ends = ends;
  }

  /** Called for every span that starts. */
  start(span: Span, parentContext: Context): void {
    // The tracer may not be of an OpenTelemetry SDK.
    if (!isRecorded(span) || ownerOf(span)) return;
    const started: FinishedSpan = span;
    const request = requestOfSpan(parentContext, started.kind);
    if (request) setOwner(started, request);
    if (started.kind !== SERVER_SPAN) return;
    if (!request) setOwner(started, Request.ofSpan(started));
    else if (request.incoming || request.span) describe(request, started);
  }

  /** Called for every span that ends. */
  end(span: FinishedSpan): void {
    // An application can have its own processor beside the one that was attached.
    if (!markEnded(span)) return;
    const request = ownerOf(span);
    const isRead = span.kind === SERVER_SPAN && request?.isEnded && request.spanState === 'open';
    if (isRead) return; // it was not waited for any longer
    if (request?.span !== span) this.#endBelow(request, span);
    else if (request.incoming && methodOf(span.attributes) === undefined) {
      request.dropSpan();
      this.#endBelow(request, span);
    } else this.#ends.endSpan(request, span);
  }

  /** Adds what the SERVER span says to a request that ends. */
  describe(request: Request): void {
    const { span } = request;
    if (!span) return;
    if (request.incoming && methodOf(span.attributes) === undefined) {
      request.dropSpan();
      return;
    }
    annotateOwn(request, span, this.#receiver.reading);
    this.#addHits(span, request);
  }

  /** A request that ends has turned out to be none of HTTP. */
  discard({ span }: Request): void {
    if (!span) return;
    if (mayBeUnreadRequest(span)) this.#receiver.reading.reportUnreadRequest(span);
    this.#countUnused(span);
  }

  #endBelow(request: Request | undefined, span: FinishedSpan): void {
    if (!isAnnotatedBelow(span, this.#receiver.reading)) return;
    this.#addHits(span, request);
    if (request && !request.isEnded) annotateBelow(request, span, this.#receiver.reading);
    else this.#countUnused(span);
  }

  #addHits(span: FinishedSpan, request: Request | undefined): void {
    if (!hasHitEvent(span)) return;
    for (const hit of hitsOfEvents(span)) this.#receiver.addHit(hit, request);
  }

  /** Routes are not counted: most of the spans that have one add nothing to their request. */
  #countUnused(span: FinishedSpan): void {
    if (isAnnotated(span, this.#receiver.reading) && !hasHitEvent(span))
      this.#receiver.countUnused();
  }
}

/** One that is not of HTTP, such as the call of a function that runs a framework, gives way to one that is. */
function describe(request: Request, started: FinishedSpan): void {
  const { span } = request;
  const isFirst = span === undefined || methodOf(span.attributes) === undefined;
  if (span === undefined || (isFirst && methodOf(started.attributes) !== undefined))
    request.describeBy(started);
}

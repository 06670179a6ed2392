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
import type { Tracker } from '../request/tracker.js';
import { addFacts } from './facts.js';

/**
 * Assigns spans of this process to requests, from their start to their end. The SERVER span of an HTTP request describes the request. Any further
 * SERVER span adds to it like a child span.
 */
export class Spans {
  readonly #tracker: Tracker;
  readonly #ends: Ends;

  constructor(tracker: Tracker, ends: Ends) {
    this.#tracker = tracker;
    this.#ends = ends;
  }

  start(span: Span, parentContext: Context): void {
    // The tracer may not belong to an OpenTelemetry SDK.
    if (!isRecorded(span) || ownerOf(span)) return;
    const started: FinishedSpan = span;
    const request = requestOfSpan(parentContext, started.kind);
    if (request) setOwner(started, request);
    if (started.kind !== SERVER_SPAN) return;
    if (!request) setOwner(started, Request.ofSpan(started));
    else if (request.incoming || request.span) describe(request, started);
  }

  end(span: FinishedSpan): void {
    // An application can have its own processor in addition to the one that was attached.
    if (!markEnded(span)) return;
    const request = ownerOf(span);
    // The request has already ended without its SERVER span, so a late SERVER span is ignored.
    if (span.kind === SERVER_SPAN && request?.isEnded && request.spanState === 'open') return;
    if (request?.span !== span) this.#endBelow(request, span);
    else if (request.incoming && methodOf(span.attributes) === undefined) {
      request.dropSpan();
      this.#endBelow(request, span);
    } else this.#ends.endSpan(request, span);
  }

  /** Adds the data of the SERVER span to a request that ends. */
  describe(request: Request): void {
    const { span } = request;
    if (span === undefined) return;
    if (request.incoming && methodOf(span.attributes) === undefined) request.dropSpan();
    else {
      addFacts(request, span, this.#tracker.reading);
      this.#addHits(span, request);
    }
  }

  /** Handles the end of a request that turned out not to be of HTTP. */
  discard({ span }: Request): void {
    if (!span) return;
    const { reading } = this.#tracker;
    if (mayBeUnreadRequest(span)) reading.reportUnreadRequest(span);
    if (addFacts(undefined, span, reading) && !hasHitEvent(span)) this.#tracker.countUnused();
  }

  #endBelow(request: Request | undefined, span: FinishedSpan): void {
    const open = request?.isEnded ? undefined : request;
    const hasFacts = addFacts(open, span, this.#tracker.reading);
    if (!this.#addHits(span, request) && hasFacts && !open) this.#tracker.countUnused();
  }

  /** Adds the hits of events. Returns whether there are any. */
  #addHits(span: FinishedSpan, request: Request | undefined): boolean {
    if (!hasHitEvent(span)) return false;
    for (const hit of hitsOfEvents(span)) this.#tracker.addHit(hit, request, span.resource);
    return true;
  }
}

/** Sets the SERVER span of a request. A span that is not of HTTP, such as one of a function call, is replaced by one that is. */
function describe(request: Request, started: FinishedSpan): void {
  const { span } = request;
  const isFirst = span === undefined || methodOf(span.attributes) === undefined;
  if (span === undefined || (isFirst && methodOf(started.attributes) !== undefined))
    request.describeBy(started);
}

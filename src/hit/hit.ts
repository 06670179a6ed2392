/** `crash` hits leave in bulks of their own: on a Matomo without CrashAnalytics each rolls its whole bulk back. */
type HitKind = 'page' | 'crash';

/** One tracking request as delivery sees it: whose it is, when it was, and the bytes to send. */
export interface Hit {
  /** The `idsite` that the hit goes to. */
  readonly site: number;
  /** Hits of one visitor stay together and in order: the user id where there is one, else the visitor id. */
  readonly visitor: string;
  /** Start of the request, epoch seconds. */
  readonly startSeconds: number;
  readonly kind: HitKind;
  /** `?idsite=…`, percent-encoded: ASCII that needs no escaping inside JSON. */
  readonly query: string;
}

/** How old a hit is before it may leave: Express ends the span of its handler after the server span. */
export const CHILD_SPAN_WAIT_MILLIS = 20;

/** A hit that waits to be sent and may still change, because spans of its request may still end. */
export interface PendingHit {
  /** End of the request on the monotonic clock (`performance.now()`), as all times here but that of `finalize`. */
  readonly endedMillis: number;
  /** Whether the hit may leave with a batch that is due, not before `CHILD_SPAN_WAIT_MILLIS`; a flush does not ask. */
  isFinal(nowMillis: number): boolean;
  /** Roughly what it takes in memory. */
  readonly bytes: number;
  /** The hit as it is now, for good, and a crash beside it; none where the application has taken it back. Called once.
   * `epochMillis`: the wall clock, which Matomo sees. */
  finalize(epochMillis: number): readonly Hit[];
}

/**
 * Hits of different kinds are sent in separate bulks. If an insert of Matomo's AI chatbot reports deadlocks, the transaction of the
 * whole bulk is rolled back, but Matomo reports the page views in it as tracked.
 */
export type HitKind = 'page' | 'chatbot';

/** One tracking request as delivery sees it: visitor, time, and the bytes to send. */
export interface Hit {
  /** The site, `idsite`. */
  readonly site: number;
  /** Hits of one visitor stay together and in order. The user ID if there is one, else the visitor ID. */
  readonly visitor: string;
  /** Start of the request, in epoch seconds. Half a second later for a further hit that comes after page views. */
  readonly startSeconds: number;
  readonly kind: HitKind;
  /** `?idsite=…`, percent-encoded: ASCII that needs no escaping inside JSON. */
  readonly query: string;
}

/** Minimum age of a hit with a span before it is sent: Express ends the span of its handler after the server span. */
export const CHILD_SPAN_WAIT_MILLIS = 20;

/** A hit that may still change, because its request or spans of it may end. */
export interface PendingHit {
  /**
   * End of the request, or the call that made the hit. On the monotonic clock (`performance.now()`), like all times here but that of
   * `finalize`.
   */
  readonly endedMillis: number;
  /** When the hit can be sent at the earliest. */
  readonly finalMillis: number;
  /** Whether the hit can be sent with the next batch. A flush sends it anyway. */
  isFinal(nowMillis: number): boolean;
  /** Approximate memory. */
  readonly bytes: number;
  /**
   * The final hit; none if it turns out that there is to be none, or if that fails. Called once.
   * `epochMillis` is the wall clock, which Matomo sees.
   */
  finalize(epochMillis: number): readonly Hit[];
}

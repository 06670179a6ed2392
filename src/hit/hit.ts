/**
 * Hits of different kinds are sent in separate bulks. If an insert of Matomo's AI chatbot reports deadlocks, the transaction of the
 * whole bulk is rolled back, but Matomo reports the page views in it as tracked.
 */
export type HitKind = 'action' | 'chatbot';

/** One tracking request as delivery sees it: visitor, time, and the bytes to send. */
export interface Hit {
  /** The site, `idsite`. */
  readonly site: number;
  /** Hits of one visitor stay together and in order. The user ID if there is one, else the visitor ID. */
  readonly visitor: string;
  /** Start of the request, in epoch seconds. Half a second later for an additional hit that comes after page views. */
  readonly startSeconds: number;
  readonly kind: HitKind;
  /** `?idsite=…`, percent-encoded: ASCII that needs no escaping inside JSON. */
  readonly query: string;
  /**
   * Whose it is for the rule about hits that fail: a keyed hash of the client's address, which no option masks; without an address, the
   * visitor; empty if nothing is known. A part of its line in a spool, and never sent.
   */
  readonly client: string;
  /** How often it failed alone right after another request had succeeded; `undefined` if it never failed alone. A part of its line, as the others below. */
  readonly failures?: number;
  /** How often it was sent with an unknown outcome, and is to be sent again. */
  readonly resends?: number;
  /** When all hits of its bulk were invalid, in epoch seconds: they are, or the token is. */
  readonly invalidSeconds?: number;
}

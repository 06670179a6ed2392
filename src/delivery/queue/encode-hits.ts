import type { Hit } from '../../hit/hit.js';

/**
 * Hits of different kinds are sent in separate bulks. If an insert of Matomo's AI chatbot reports deadlocks, the transaction of the
 * whole bulk is rolled back, but Matomo reports the page views in it as tracked. Crashes fail if CrashAnalytics is missing.
 */
export type BulkKind = Hit['kind'] | 'chatbot';

/** The part of `recMode=1` that begins with a rare character. */
const MARK = 'Mode=1';
const IS_CHATBOT = /&recMode=1(?:&|$)/;

/** Whether a text may contain a hit for AI chatbot reports: false is certain, true is not. */
function mayHoldChatbot(text: string | Buffer): boolean {
  return text.includes(MARK);
}

/** The kind of a hit, read from its query, so that a spool needs to store only the query. */
export function bulkKindOf(kind: Hit['kind'], query: string | Buffer): BulkKind {
  if (kind === 'crash' || !mayHoldChatbot(query)) return kind;
  const text = typeof query === 'string' ? query : query.toString('latin1');
  return IS_CHATBOT.test(text) ? 'chatbot' : kind;
}

/** An encoded hit: `buffer[start … end]`. Many hits share a buffer. */
export interface EncodedHit {
  readonly kind: BulkKind;
  readonly visitor: string;
  readonly startSeconds: number;
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Encodes hits into one buffer: encoded hits no longer keep their requests in memory. */
export function encodeHits(hits: readonly Hit[]): EncodedHit[] {
  const buffer = Buffer.from(hits.map(({ query }) => query).join(''), 'latin1');
  let end = 0;
  return hits.map(({ kind, isPlain, visitor, startSeconds, query }) => {
    const start = end;
    end += query.length;
    const bulkKind = isPlain ? kind : bulkKindOf(kind, query);
    return { kind: bulkKind, visitor, startSeconds, buffer, start, end };
  });
}

/** The inverse of `encodeHits` for one hit. */
export function decodeHit({ kind, visitor, startSeconds, buffer, start, end }: EncodedHit): Hit {
  const query = buffer.toString('latin1', start, end);
  const site = Number(/^\?idsite=(\d+)/.exec(query)?.[1] ?? 0);
  return { site, visitor, startSeconds, kind: kind === 'crash' ? kind : 'page', query };
}

const OPENING = Buffer.from('{"requests":["');
/** Separates two hits in a body. */
export const SEPARATOR: Buffer = Buffer.from('","');

/** Body of a bulk request. Hits are percent-encoded and need no escaping. The token is here and nowhere else. */
export function toBody(hits: readonly EncodedHit[], tokenAuth: string | undefined): Buffer {
  const parts = hits.flatMap(({ buffer, start, end }, i) => [
    i === 0 ? OPENING : SEPARATOR,
    buffer.subarray(start, end),
  ]);
  const token = tokenAuth === undefined ? '' : `,"token_auth":${JSON.stringify(tokenAuth)}`;
  return Buffer.concat([...parts, Buffer.from(`"]${token}}`)]);
}

/** Whether a hit is an order. Matomo accepts each order once and reports it as invalid when it is sent again. */
export function isOrder({ buffer, start, end }: EncodedHit): boolean {
  return /[?&]ec_id=./.test(buffer.toString('latin1', start, end));
}

import type { Hit, HitKind } from '../hit/hit-text.js';

const SEPARATOR = '","';

/** A number of hits for messages, such as `40 hits`. */
export function countOf(hits: number): string {
  return hits === 1 ? '1 hit' : `${hits} hits`;
}

function bytesOf({ query }: Hit): number {
  return query.length + SEPARATOR.length;
}

/** Builds the body of a bulk request. Hits are percent-encoded and need no escaping. No other part of a request contains the token. */
export function toBody(hits: readonly Pick<Hit, 'query'>[], tokenAuth: string | undefined): Buffer {
  const token = tokenAuth === undefined ? '' : `,"token_auth":${JSON.stringify(tokenAuth)}`;
  let queries = '';
  for (const { query } of hits) queries += queries === '' ? query : SEPARATOR + query;
  return Buffer.from(`{"requests":["${queries}"]${token}}`, 'latin1');
}

/** The maximum size of a body. nginx' default `client_max_body_size` is 1 MB, and the token needs room. */
const MAX_BODY_BYTES = 1_000_000 - 4096;

/**
 * Splits hits into bulks. All hits of a bulk are of one kind. A bulk has a maximum number of hits and bytes. Hits are ordered by visitor, then time:
 * any other order can deadlock Matomo's database, and Matomo builds visits from hits in the order of their times.
 */
export function toBulks(hits: readonly Hit[], maxHits: number): Hit[][] {
  const bulks: Hit[][] = [];
  const open = new Map<HitKind, { hits: Hit[]; bytes: number }>();
  for (const hit of hits) {
    const bytes = bytesOf(hit);
    const bulk = open.get(hit.kind);
    if (bulk && bulk.hits.length < maxHits && bulk.bytes + bytes <= MAX_BODY_BYTES) {
      bulk.hits.push(hit);
      bulk.bytes += bytes;
    } else {
      const added = [hit];
      open.set(hit.kind, { hits: added, bytes });
      bulks.push(added);
    }
  }
  for (const bulk of bulks) bulk.sort(byVisitorThenTime);
  return bulks;
}

/** Halves at least two hits, between two visitors if possible, so that no visitor's hits are reordered if the second half succeeds first. */
export function halve(hits: readonly Hit[]): [Hit[], Hit[]] {
  const middle = middleOf(hits);
  return [hits.slice(0, middle), hits.slice(middle)];
}

function middleOf(hits: readonly Hit[]): number {
  const middle = Math.ceil(hits.length / 2);
  for (let distance = 0; distance < middle; distance++) {
    for (const border of [middle - distance, middle + distance]) {
      const [before, after] = [hits[border - 1], hits[border]];
      if (before && after && before.visitor !== after.visitor) return border;
    }
  }
  return middle;
}

function byVisitorThenTime(a: Hit, b: Hit): number {
  if (a.visitor < b.visitor) return -1;
  return a.visitor > b.visitor ? 1 : a.startSeconds - b.startSeconds;
}

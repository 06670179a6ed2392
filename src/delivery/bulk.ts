import type { Hit, HitKind } from '../hit/hit-text.js';

/** Separates two hits in a body. */
const SEPARATOR = '","';

/** A number of hits for messages, such as `40 hits`. */
export function countOf(hits: number): string {
  return hits === 1 ? '1 hit' : `${hits} hits`;
}

/** Bytes of a hit in a body. */
function bytesOf({ query }: Hit): number {
  return query.length + SEPARATOR.length;
}

/** Body of a bulk request. Hits are percent-encoded and need no escaping. The token is here and nowhere else. */
export function toBody(hits: readonly Pick<Hit, 'query'>[], tokenAuth: string | undefined): Buffer {
  const token = tokenAuth === undefined ? '' : `,"token_auth":${JSON.stringify(tokenAuth)}`;
  let queries = '';
  for (const { query } of hits) queries += queries === '' ? query : SEPARATOR + query;
  return Buffer.from(`{"requests":["${queries}"]${token}}`, 'latin1');
}

/** The maximum size of a body: below nginx' default `client_max_body_size` of 1 MB, with room for the token. */
const MAX_BODY_BYTES = 1_000_000 - 4096;

/**
 * The bulks in which hits are sent: of one kind, at most so many hits and as many bytes as a body may have, and ordered by visitor, then time.
 * Any other order can deadlock Matomo's database, and Matomo builds visits from hits in the order of their times.
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

/** Both halves of at least two hits, between two visitors if possible: then no visitor's hits are reordered if the second half succeeds first. */
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

import type { Hit } from '../hit/hit.js';
import { byVisitorThenTime, type EncodedHit, SEPARATOR } from './batch.js';
import { type BulkKind, bulkKindOf, groupByKind } from './bulk-kind.js';

/**
 * Encodes hits of each kind into one buffer, in the order in which they are sent and separated as in a body, so that the body of
 * a batch is one copy. As bytes they are no work for the garbage collector, however long they wait.
 */
export function encodeHits(hits: readonly Hit[]): EncodedHit[] {
  const groups = groupByKind(hits, ({ kind, query }) => bulkKindOf(kind, query));
  const encoded = [...groups].map(([kind, ofKind]) => encodeGroup(ofKind, kind));
  return encoded.length === 1 ? (encoded[0] as EncodedHit[]) : encoded.flat();
}

function encodeGroup(hits: readonly Hit[], kind: BulkKind): EncodedHit[] {
  const ordered = [...hits].sort(byVisitorThenTime);
  let text = '';
  for (const { query } of ordered) text += query + SEPARATOR; // a quarter faster than join()
  const buffer = Buffer.from(text, 'latin1');
  let next = 0;
  return ordered.map(({ visitor, startSeconds, query }) => {
    const start = next;
    const end = start + query.length;
    next = end + SEPARATOR.length;
    return { kind, visitor, startSeconds, buffer, start, end };
  });
}

/** The hit that was encoded. */
export function decodeHit({ kind, visitor, startSeconds, buffer, start, end }: EncodedHit): Hit {
  const query = buffer.toString('latin1', start, end);
  const site = Number(/^\?idsite=(\d+)/.exec(query)?.[1] ?? 0);
  return { site, visitor, startSeconds, kind: kind === 'crash' ? kind : 'page', query };
}

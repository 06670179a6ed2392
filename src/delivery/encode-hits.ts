import type { Hit } from '../hit/hit.js';
import { byVisitorThenTime, type EncodedHit, SEPARATOR } from './batch.js';
import { type BulkKind, bulkKindOf, groupByKind, mayHoldChatbot } from './bulk-kind.js';

/**
 * Encodes hits of each kind into one buffer, in the order in which they are sent and separated as in a body, so that the body of
 * a batch is one copy. As bytes they are no work for the garbage collector, however long they wait.
 */
export function encodeHits(hits: readonly Hit[]): EncodedHit[] {
  const ordered = inOrder(hits);
  const text = joinQueries(ordered);
  // Nearly always so, and one search in all of them costs a fraction of one in each.
  const arePages = !mayHoldChatbot(text) && hits.every(({ kind }) => kind === 'page');
  if (arePages) return encodeGroup(ordered, text, 'page');
  const groups = groupByKind(ordered, ({ kind, query }) => bulkKindOf(kind, query));
  return [...groups].flatMap(([kind, ofKind]) => encodeGroup(ofKind, joinQueries(ofKind), kind));
}

function joinQueries(hits: readonly Hit[]): string {
  let text = '';
  for (const { query } of hits) text += query + SEPARATOR; // a quarter faster than join()
  return text;
}

function encodeGroup(hits: readonly Hit[], text: string, kind: BulkKind): EncodedHit[] {
  const buffer = Buffer.from(text, 'latin1');
  let next = 0;
  return hits.map(({ visitor, startSeconds, query }) => {
    const start = next;
    const end = start + query.length;
    next = end + SEPARATOR.length;
    return { kind, visitor, startSeconds, buffer, start, end };
  });
}

/** For each character of the beginning of a visitor that is compared as a number. */
const CHARACTER = 128;
const CHARACTERS = 5;
/** So many places are left for the number of a hit in a number that is exact. */
const MAX_NUMBERED = 2 ** 53 / CHARACTER ** CHARACTERS;

/** Ordered by the beginnings of visitors as numbers first, natively: texts are compared for what has the same beginning only. */
function inOrder(hits: readonly Hit[]): readonly Hit[] {
  if (hits.length > MAX_NUMBERED) return [...hits].sort(byVisitorThenTime);
  const keys = new Float64Array(hits.length);
  for (let i = 0; i < hits.length; i++) {
    keys[i] = beginningOf((hits[i] as Hit).visitor) * MAX_NUMBERED + i;
  }
  const ordered = Array.from(keys.sort(), (key) => hits[key % MAX_NUMBERED] as Hit);
  return ordered.sort(byVisitorThenTime);
}

function beginningOf(visitor: string): number {
  let beginning = 0;
  for (let i = 0; i < CHARACTERS; i++) {
    const code = i < visitor.length ? visitor.charCodeAt(i) : 0;
    beginning = beginning * CHARACTER + Math.min(code, CHARACTER - 1);
  }
  return beginning;
}

/** The hit that was encoded. */
export function decodeHit({ kind, visitor, startSeconds, buffer, start, end }: EncodedHit): Hit {
  const query = buffer.toString('latin1', start, end);
  const site = Number(/^\?idsite=(\d+)/.exec(query)?.[1] ?? 0);
  return { site, visitor, startSeconds, kind: kind === 'crash' ? kind : 'page', query };
}

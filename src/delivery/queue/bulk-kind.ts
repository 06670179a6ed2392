import type { Hit } from '../../hit/hit.js';

/**
 * Hits of different kinds are sent in separate bulks. If an insert of Matomo's AI chatbot reports deadlocks, the transaction of the
 * whole bulk is rolled back, but Matomo reports the page views in it as tracked. Crashes fail if CrashAnalytics is missing.
 */
export type BulkKind = Hit['kind'] | 'chatbot';

/** The part of `recMode=1` that begins with a rare character: searching for that is faster. */
const MARK = 'Mode=1';
const IS_CHATBOT = /&recMode=1(?:&|$)/;

/** Whether a text may contain a hit for AI chatbot reports: false is certain, true is not. */
export function mayHoldChatbot(text: string | Buffer): boolean {
  return text.includes(MARK);
}

/** The kind of a hit, read from its query, so that a spool needs to store only the query. */
export function bulkKindOf(kind: Hit['kind'], query: string | Buffer): BulkKind {
  if (kind === 'crash' || !mayHoldChatbot(query)) return kind;
  const text = typeof query === 'string' ? query : query.toString('latin1');
  return IS_CHATBOT.test(text) ? 'chatbot' : kind;
}

/** Groups hits by kind, and keeps their order. */
export function groupByKind<T>(
  hits: readonly T[],
  kindOf: (hit: T) => BulkKind,
): ReadonlyMap<BulkKind, readonly T[]> {
  const groups = new Map<BulkKind, T[]>();
  const [first] = hits;
  const firstKind = first && kindOf(first);
  // Nearly all bulks have one kind: comparing costs less than looking up each hit.
  let same = 0;
  while (same < hits.length && kindOf(hits[same] as T) === firstKind) same += 1;
  if (firstKind && same === hits.length) return new Map([[firstKind, hits]]);
  for (const hit of hits) {
    const kind = kindOf(hit);
    const group = groups.get(kind);
    if (group) group.push(hit);
    else groups.set(kind, [hit]);
  }
  return groups;
}

import type { Hit } from '../hit/hit.js';

/**
 * What may share a bulk. Hits for Matomo's AI chatbot reports leave by themselves: a deadlock in their insert rolls the transaction
 * of the bulk back, and Matomo goes on as if the visits before it were stored. Crashes fail on a Matomo without CrashAnalytics.
 */
export type BulkKind = Hit['kind'] | 'chatbot';

/** A part of it that begins with a rare character, which a search skips to. */
const MARK = 'Mode=1';
const IS_CHATBOT = /&recMode=1(?:&|$)/;

/** Whether a text may be of a hit for AI chatbot reports. */
export function mayHoldChatbot(text: string | Buffer): boolean {
  return text.includes(MARK);
}

/** With what a hit may share a bulk. Read from its text, so that a spool needs nothing but the text. */
export function bulkKindOf(kind: Hit['kind'], query: string | Buffer): BulkKind {
  if (kind === 'crash' || !mayHoldChatbot(query)) return kind;
  const text = typeof query === 'string' ? query : query.toString('latin1');
  return IS_CHATBOT.test(text) ? 'chatbot' : kind;
}

/** Hits by kind, each in the order in which they come. */
export function groupByKind<T>(
  hits: readonly T[],
  kindOf: (hit: T) => BulkKind,
): ReadonlyMap<BulkKind, readonly T[]> {
  const groups = new Map<BulkKind, T[]>();
  for (const hit of hits) {
    const kind = kindOf(hit);
    const group = groups.get(kind);
    if (group) group.push(hit);
    else groups.set(kind, [hit]);
  }
  return groups;
}

import { readLine } from './hit-line.js';
import type { StoredHit } from './spool-store.js';

/** Which hits of a spool to delete. */
export type PurgeFilter =
  | { readonly kind: 'all' }
  | { readonly kind: 'user' | 'visitor'; readonly id: string }
  | { readonly kind: 'before'; readonly epochSeconds: number };

/** Whether a filter selects a hit. A user is selected by `uid`, a visitor by `cid` or `_id`, which Matomo gets. */
export function isSelected(
  filter: PurgeFilter,
  { startSeconds, buffer, start, end }: StoredHit,
): boolean {
  if (filter.kind === 'all') return true;
  if (filter.kind === 'before') return startSeconds < filter.epochSeconds;
  const parameters = new URLSearchParams(buffer.toString('latin1', start, end));
  if (filter.kind === 'user') return parameters.get('uid') === filter.id;
  const id = filter.id.toLowerCase();
  return ['cid', '_id'].some((name) => parameters.get(name)?.toLowerCase() === id);
}

/** Whether a filter selects the hit in a line. Damaged lines are selected: nobody can tell whose they are, and they are never sent. */
export function isLineSelected(filter: PurgeFilter, line: Buffer): boolean {
  const hit = readLine(line);
  return hit === undefined || isSelected(filter, hit);
}

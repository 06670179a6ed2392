import type { InspectedHit, StoredAction } from '../../src/inspector/index.js';
import { sorted } from './sorted.js';

/** The action whose URL ends so; hits arrive in any order. */
export function storedAt(hits: readonly InspectedHit[], path: string): StoredAction | undefined {
  return hits.find(({ stored }) => stored?.url?.endsWith(path))?.stored ?? undefined;
}

export function storedTitles(hits: readonly InspectedHit[]): string[] {
  return sorted(hits.map(({ stored }) => stored?.title));
}

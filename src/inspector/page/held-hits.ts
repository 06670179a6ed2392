import type { InspectedHit } from '../inspected-hit.js';
import { type HeldHit, readHit } from './read-hit.js';

/** What a message of `/events` says: hits from the number `first` on; those before `oldest` are forgotten. */
export interface HitsMessage {
  readonly first: number;
  readonly oldest: number;
  readonly hits: readonly InspectedHit[];
}

/** The hits that the server holds as well, in order of arrival. */
export interface HeldHits {
  /** Takes a message; returns what is new and what is forgotten. */
  take(message: HitsMessage): { added: HeldHit[]; forgotten: HeldHit[] };
  all(): HeldHit[];
  /** Up to `count` that are shown, the newest first. */
  newest(count: number): HeldHit[];
  /** Hits that came and were forgotten before they could be sent. */
  missed(): number;
  /** All that came since the last clear. */
  total(): number;
  clear(): void;
}

export function createHeldHits(): HeldHits {
  let held: HeldHit[] = [];
  let next = 0;
  let missed = 0;

  function take({ first, oldest, hits }: HitsMessage) {
    missed += Math.max(0, first - next);
    // A connection that broke off may begin again with hits that are here.
    const added = hits
      .map((hit, index) => readHit(hit, first + index))
      .filter(({ number }) => number >= next);
    next = Math.max(next, first + hits.length);
    const firstKept = held.findIndex(({ number }) => number >= oldest);
    const forgotten = held.slice(0, firstKept < 0 ? held.length : firstKept);
    held = [...held.slice(forgotten.length), ...added];
    return { added, forgotten };
  }

  function newest(count: number): HeldHit[] {
    const found: HeldHit[] = [];
    for (let i = held.length - 1; i >= 0 && found.length < count; i -= 1) {
      const candidate = held[i] as HeldHit;
      if (candidate.isShown) found.push(candidate);
    }
    return found;
  }

  return {
    take,
    all: () => held,
    newest,
    missed: () => missed,
    total: () => next,
    clear() {
      held = [];
      next = 0;
      missed = 0;
    },
  };
}

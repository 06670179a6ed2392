import type { InspectedHit } from '../inspected-hit.js';
import { type HeldHit, readHit } from './read-hit.js';

/** A message of `/events`: hits from the number `first` on. The server has dropped those before `oldest`. */
export interface HitsMessage {
  readonly first: number;
  readonly oldest: number;
  readonly hits: readonly InspectedHit[];
}

/** The hits that the log of the server holds, in order of arrival. */
export interface HeldHits {
  /** Adds the hits of a message. Returns the new and the dropped ones. */
  take(message: HitsMessage): { added: HeldHit[]; forgotten: HeldHit[] };
  all(): HeldHit[];
  /** Up to `count` shown hits, the newest first. */
  newest(count: number): HeldHit[];
  /** Number of hits that the server dropped before it could send them. */
  missed(): number;
  /** Number of all hits since the last clear. */
  total(): number;
  clear(): void;
}

export function createHeldHits(): HeldHits {
  let held: HeldHit[] = [];
  let next = 0;
  let missed = 0;

  function take({ first, oldest, hits }: HitsMessage) {
    missed += Math.max(0, first - next);
    // After a reconnect, the server may send hits again.
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

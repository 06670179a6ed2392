import type { IsFresh, StoredHit, TakeOptions } from './spool-store.js';

/** A part of a store, such as a segment or a shard, whose hits are nearly in order of age, and some of which were read ahead. */
export interface OrderedHits<T extends StoredHit> {
  /** The first hit that was read and not taken. */
  readonly head: T | undefined;
  /** Removes and returns the head. */
  take(): T | undefined;
}

/** Takes the oldest hits of all parts, by comparing their heads. */
export function takeOldest<T extends StoredHit>(
  parts: readonly OrderedHits<T>[],
  max: number,
): T[] {
  const taken: T[] = [];
  while (taken.length < max) {
    let oldest: OrderedHits<T> | undefined;
    for (const part of parts) {
      if (startOf(part) < startOf(oldest)) oldest = part;
    }
    const hit = oldest?.take();
    if (!hit) break;
    taken.push(hit);
  }
  return taken;
}

/** Takes hits that are too old, until one is not. */
export function takeExpired<T extends StoredHit>(part: OrderedHits<T>, isFresh: IsFresh): T[] {
  const expired: T[] = [];
  for (let { head } = part; head && !isFresh(head); { head } = part) {
    part.take();
    expired.push(head);
  }
  return expired;
}

/** Start of the oldest request among the heads, in epoch seconds; `Infinity` if there is none. */
export function oldestSecondsOf(parts: Iterable<OrderedHits<StoredHit>>): number {
  let oldest = Number.POSITIVE_INFINITY;
  for (const part of parts) oldest = Math.min(oldest, startOf(part));
  return oldest;
}

/** Start of the head's request; `Infinity` if none was read. */
export function startOf(part: OrderedHits<StoredHit> | undefined): number {
  return part?.head?.startSeconds ?? Number.POSITIVE_INFINITY;
}

/** Waits a limited time for enough hits to fill a batch. */
export class TakeDelay {
  /** When hits that have not been taken were first seen. */
  #waitsSinceMillis = Number.POSITIVE_INFINITY;

  /** Whether to take hits now. If so, the wait for the remaining ones begins. */
  isOver(waiting: number, { max, delayMillis }: TakeOptions): boolean {
    const now = performance.now();
    if (waiting > 0) this.#waitsSinceMillis = Math.min(this.#waitsSinceMillis, now);
    if (waiting < max && now - this.#waitsSinceMillis < delayMillis) return false;
    this.#waitsSinceMillis = waiting > max ? now : Number.POSITIVE_INFINITY;
    return true;
  }
}

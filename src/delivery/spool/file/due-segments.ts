import type { IsFresh } from '../spool-store.js';
import { takeExpired } from '../take-oldest.js';
import type { SegmentHit } from './acknowledgments.js';
import type { SegmentReader } from './segment-reader.js';

/** A segment that cannot be read is skipped for this long. */
const PAUSE_MILLIS = 5_000;

/** A segment as the lease holder sees it. */
export interface Segment {
  readonly reader: SegmentReader;
  /** Hits taken over without a result; `undefined` if their process is alive. */
  takenOver: number | undefined;
  /** Nothing is appended to the segment any more. */
  isFinal: boolean;
}

/**
 * Reads segments only as far as their hits are due, because there may be thousands of segments. One that cannot be read is skipped
 * for some time, so that it does not block the others.
 */
export class DueSegments {
  readonly #onUnreadable: (segment: string, error: unknown) => void;
  /** When each unreadable segment is tried again. */
  readonly #pausedUntilMillis = new Map<string, number>();

  constructor(onUnreadable: (segment: string, error: unknown) => void) {
    this.#onUnreadable = onUnreadable;
  }

  /** Whether the last attempt with a segment succeeded. */
  isReadable(segment: string): boolean {
    return !this.#pausedUntilMillis.has(segment);
  }

  /** Runs something for a segment, unless that failed recently. Never rejects. */
  async attempt(segment: string, run: () => Promise<void>): Promise<void> {
    if ((this.#pausedUntilMillis.get(segment) ?? 0) > performance.now()) return;
    try {
      await run();
      this.#pausedUntilMillis.delete(segment);
    } catch (error) {
      this.#pausedUntilMillis.set(segment, performance.now() + PAUSE_MILLIS);
      this.#onUnreadable(segment, error);
    }
  }

  /** The readers with the oldest `max` hits of each living process, and with as many of all ended processes together. */
  async ahead(instances: Iterable<readonly Segment[]>, max: number): Promise<SegmentReader[]> {
    const readers: SegmentReader[] = [];
    let ofEnded = 0;
    for (const segments of instances) {
      const isOfEnded = segments[0]?.takenOver !== undefined;
      if (isOfEnded && ofEnded >= max) continue;
      let ahead = 0;
      for (const { reader, isFinal } of segments) {
        const isAtEnd = await this.#readAhead(reader, max - ahead, isFinal);
        ahead += reader.ahead;
        readers.push(reader);
        if (ahead >= max || !isAtEnd) break;
      }
      if (isOfEnded) ofEnded += ahead;
    }
    return readers;
  }

  /** Calls `release` with hits that are too old. In each segment, hits are nearly in order of age. */
  async expire(
    instances: Iterable<readonly Segment[]>,
    isFresh: IsFresh,
    release: (expired: SegmentHit[]) => void,
  ): Promise<void> {
    let isFreshFromHere = false;
    for (const segments of instances) {
      const isOfEnded = segments[0]?.takenOver !== undefined;
      if (isOfEnded && isFreshFromHere) continue; // instances that were opened later have newer hits, nearly
      for (const { reader, isFinal } of segments) {
        const isAtEnd = await this.#readAhead(reader, 1, isFinal);
        const expired = takeExpired(reader, isFresh);
        if (expired.length > 0) release(expired);
        if (reader.ahead > 0 && isOfEnded) isFreshFromHere = true;
        if (reader.ahead > 0 || !isAtEnd) break;
      }
    }
  }

  /** Returns whether the end was reached. */
  async #readAhead(reader: SegmentReader, hits: number, isFinal: boolean): Promise<boolean> {
    let isAtEnd = true;
    await this.attempt(reader.name, async () => {
      isAtEnd = await reader.readAhead(hits, isFinal);
    });
    return isAtEnd;
  }
}

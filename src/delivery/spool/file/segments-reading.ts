import type { IsFresh } from '../spool-store.js';
import type { SegmentHit } from './segment-hit.js';
import type { SegmentReader } from './segment-reader.js';
import { takeExpired } from './take-oldest.js';
import type { UnreadableSegments } from './unreadable-segments.js';

/** A segment as the lease holder sees it. */
export interface Segment {
  readonly reader: SegmentReader;
  /** Hits taken over without a result; `undefined` if their process is alive. */
  takenOver: number | undefined;
  /** Nothing is appended to it any more. */
  isFinal: boolean;
}

/** Reads segments only as far as their hits are due, because there may be thousands of them. */
export class SegmentsReading {
  readonly #unreadable: UnreadableSegments;

  constructor(unreadable: UnreadableSegments) {
    this.#unreadable = unreadable;
  }

  /** The readers with the oldest `max` hits of each living process, and with as many of all ended processes together. */
  async ahead(instances: Iterable<readonly Segment[]>, max: number): Promise<SegmentReader[]> {
    const readers: SegmentReader[] = [];
    let ofGone = 0;
    for (const segments of instances) {
      const isOfGone = segments[0]?.takenOver !== undefined;
      if (isOfGone && ofGone >= max) continue;
      let ahead = 0;
      for (const { reader, isFinal } of segments) {
        const hasEnded = await this.#readAhead(reader, max - ahead, isFinal);
        ahead += reader.ahead;
        readers.push(reader);
        if (ahead >= max || !hasEnded) break;
      }
      if (isOfGone) ofGone += ahead;
    }
    return readers;
  }

  /** Releases hits that are too old. In each segment, hits are nearly in order of age. */
  async expire(
    instances: Iterable<readonly Segment[]>,
    isFresh: IsFresh,
    release: (expired: SegmentHit[]) => void,
  ): Promise<void> {
    let isFreshFromHere = false;
    for (const segments of instances) {
      const isOfGone = segments[0]?.takenOver !== undefined;
      if (isOfGone && isFreshFromHere) continue; // instances that were opened later have newer hits, nearly
      for (const { reader, isFinal } of segments) {
        const hasEnded = await this.#readAhead(reader, 1, isFinal);
        const expired = takeExpired(reader, isFresh);
        if (expired.length > 0) release(expired);
        if (reader.ahead > 0 && isOfGone) isFreshFromHere = true;
        if (reader.ahead > 0 || !hasEnded) break;
      }
    }
  }

  /** Returns whether the end was reached. A segment that cannot be read does not block the others. */
  async #readAhead(reader: SegmentReader, hits: number, isFinal: boolean): Promise<boolean> {
    let hasEnded = true;
    await this.#unreadable.unless(reader.name, async () => {
      hasEnded = await reader.readAhead(hits, isFinal);
    });
    return hasEnded;
  }
}

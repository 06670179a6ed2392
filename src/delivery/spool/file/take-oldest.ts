import type { IsFresh } from '../spool-store.js';
import type { SegmentHit } from './segment-hit.js';
import type { SegmentReader } from './segment-reader.js';

/** Takes the oldest hits of all segments by comparing their heads. Each segment is nearly in order. */
export function takeOldest(readers: readonly SegmentReader[], max: number): SegmentHit[] {
  const taken: SegmentHit[] = [];
  while (taken.length < max) {
    let oldest: SegmentReader | undefined;
    for (const reader of readers) {
      if (startOf(reader) < startOf(oldest)) oldest = reader;
    }
    const hit = oldest?.take();
    if (!hit) break;
    taken.push(hit);
  }
  return taken;
}

/** Start of the first hit; `Infinity` if none has been read. */
export function startOf(reader: SegmentReader | undefined): number {
  return reader?.head?.startSeconds ?? Number.POSITIVE_INFINITY;
}

/** Takes hits that are too old, until one is not. */
export function takeExpired(reader: SegmentReader, isFresh: IsFresh): SegmentHit[] {
  const expired: SegmentHit[] = [];
  for (let { head } = reader; head && !isFresh(head); { head } = reader) {
    reader.take();
    expired.push(head);
  }
  return expired;
}

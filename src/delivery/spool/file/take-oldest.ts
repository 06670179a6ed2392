import type { IsFresh } from '../spool-store.js';
import type { SegmentHit } from './segment-hit.js';
import type { SegmentReader } from './segment-reader.js';

/** Takes the oldest of what has been read of all segments: their heads are compared, each is in order, nearly. */
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

/** When the request of its first hit began; `Infinity` if none has been read. */
function startOf(reader: SegmentReader | undefined): number {
  return reader?.head?.startSeconds ?? Number.POSITIVE_INFINITY;
}

/** Takes what is too old, until something is not. */
export function takeExpired(reader: SegmentReader, isFresh: IsFresh): SegmentHit[] {
  const expired: SegmentHit[] = [];
  for (let { head } = reader; head && !isFresh(head); { head } = reader) {
    reader.take();
    expired.push(head);
  }
  return expired;
}

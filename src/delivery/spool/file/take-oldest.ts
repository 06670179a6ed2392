import type { IsFresh } from '../spool-store.js';
import type { SegmentHit } from './segment-hit.js';
import type { SegmentReader } from './segment-reader.js';

/** Takes the oldest of what has been read of all segments: their heads are compared, each is in order, nearly. */
export function takeOldest(readers: readonly SegmentReader[], max: number): SegmentHit[] {
  const taken: SegmentHit[] = [];
  while (taken.length < max) {
    let oldest: SegmentHit | undefined;
    for (const { head } of readers) {
      if (head && (!oldest || head.startSeconds < oldest.startSeconds)) oldest = head;
    }
    const hit = oldest?.reader.take();
    if (!hit) break;
    taken.push(hit);
  }
  return taken;
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

import type { SegmentReader } from './segment-reader.js';
import type { StoredHit } from './spool-store.js';

/** Takes the oldest of what has been read of all sources: their heads are compared, each is in order, nearly. */
export function takeOldest<Source extends { readonly reader: SegmentReader }>(
  sources: readonly Source[],
  max: number,
  onTaken: (hit: StoredHit, source: Source) => void,
): StoredHit[] {
  const taken: StoredHit[] = [];
  while (taken.length < max) {
    let oldest: Source | undefined;
    for (const source of sources) {
      const head = source.reader.ahead[0];
      const best = oldest?.reader.ahead[0];
      if (head && (!best || head.startSeconds < best.startSeconds)) oldest = source;
    }
    const hit = oldest?.reader.take();
    if (!oldest || !hit) break;
    onTaken(hit, oldest);
    taken.push(hit);
  }
  return taken;
}

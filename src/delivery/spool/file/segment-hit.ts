import type { BulkKind } from '../../queue/encode-hits.js';
import type { StoredHit } from '../spool-store.js';

/** The segment in which a sender has read a hit. */
export interface SourceSegment {
  readonly name: string;
}

/** The line of a hit in its segment, without its content. */
export class HitPlace {
  readonly lineStart: number;
  readonly lineEnd: number;
  isAcknowledged = false;

  constructor(lineStart: number, lineEnd: number) {
    this.lineStart = lineStart;
    this.lineEnd = lineEnd;
  }
}

/** A hit as a sender has read it, with the position of its line. */
export class SegmentHit implements StoredHit {
  readonly visitor: string;
  readonly startSeconds: number;
  readonly kind: BulkKind;
  readonly privacy: string | undefined;
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
  readonly segment: SourceSegment;
  readonly place: HitPlace;

  constructor(hit: StoredHit, segment: SourceSegment, place: HitPlace) {
    this.visitor = hit.visitor;
    this.startSeconds = hit.startSeconds;
    this.kind = hit.kind;
    this.privacy = hit.privacy;
    this.buffer = hit.buffer;
    this.start = hit.start;
    this.end = hit.end;
    this.segment = segment;
    this.place = place;
  }
}

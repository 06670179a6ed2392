import {
  type IsFresh,
  type Journal,
  type JournalHit,
  JournalLost,
  type Segment,
} from './journal.js';

interface ReadAheadParts {
  /** The journal that is read now. */
  readonly journal: () => Journal | undefined;
  /** Whether memory has room for so many more hits. */
  readonly hasRoom: (hits: number) => boolean;
  readonly onUnreadable: (error: unknown) => void;
}

/** Hits of a journal, read before they are taken, oldest first. */
export class ReadAhead {
  #hits: JournalHit[] = [];
  /** Segments that could not be read since the last beat. They must not delay newer ones. */
  readonly #unreadable = new Set<Segment>();
  /** When hits that have not been taken were first seen. */
  #waitsSinceMillis = Number.POSITIVE_INFINITY;
  readonly #parts: ReadAheadParts;

  constructor(parts: ReadAheadParts) {
    this.#parts = parts;
  }

  get count(): number {
    return this.#hits.length;
  }

  /** Whether everything in the journal was read. */
  get isComplete(): boolean {
    return !this.#nextSegment();
  }

  /** Start of the oldest request whose hit was not taken, in epoch seconds; `Infinity` if there is none. */
  get oldestSeconds(): number {
    const unread = this.#nextSegment()?.startSeconds ?? Number.POSITIVE_INFINITY;
    return Math.min(this.#hits[0]?.startSeconds ?? Number.POSITIVE_INFINITY, unread);
  }

  /** Adds hits that were written just now, and are newer than all others. */
  push(hits: readonly JournalHit[]): void {
    for (const hit of hits) this.#hits.push(hit); // too many for arguments
  }

  /** Reads until so many hits are there, or memory is full. */
  async read(count: number): Promise<void> {
    const { journal, hasRoom, onUnreadable } = this.#parts;
    while (this.#hits.length < count && hasRoom(1)) {
      const segment = this.#nextSegment();
      if (!segment) return;
      const hits = await segment.read().catch((error: unknown) => {
        if (error instanceof JournalLost || !journal()?.isOpen) throw error;
        this.#unreadable.add(segment);
        onUnreadable(error);
        return [];
      });
      this.#hits.push(...hits);
    }
  }

  /** Takes hits, at most `max`; fewer only if the oldest has waited for `delayMillis`. Then the wait for the remaining ones begins. */
  take(max: number, delayMillis: number): JournalHit[] {
    const waiting = this.#hits.length;
    const now = performance.now();
    if (waiting > 0) this.#waitsSinceMillis = Math.min(this.#waitsSinceMillis, now);
    if (waiting < max && now - this.#waitsSinceMillis < delayMillis) return [];
    this.#waitsSinceMillis = waiting > max ? now : Number.POSITIVE_INFINITY;
    return this.#hits.splice(0, max);
  }

  /** Takes the oldest hits, as long as they are too old. */
  takeExpired(isFresh: IsFresh): JournalHit[] {
    const end = this.#hits.findIndex(isFresh);
    return this.#hits.splice(0, end < 0 ? this.#hits.length : end);
  }

  /** Reads segments again that could not be read. */
  retry(): void {
    this.#unreadable.clear();
  }

  /** The journal is gone. */
  clear(): void {
    this.#hits = [];
  }

  /** The segment with the oldest hits that were not read. */
  #nextSegment(): Segment | undefined {
    const journal = this.#parts.journal();
    let oldest: Segment | undefined;
    for (const segment of journal?.isOpen ? journal.segments : []) {
      if (segment.unread === 0 || this.#unreadable.has(segment)) continue;
      if (!oldest || segment.startSeconds < oldest.startSeconds) oldest = segment;
    }
    return oldest;
  }
}

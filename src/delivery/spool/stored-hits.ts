import { readLine } from './hit-line.js';
import { type Journal, type JournalHit, JournalLost, type Range, type Segment } from './journal.js';
import type { SpoolReports } from './spool-reports.js';

/**
 * The hits of one journal on their way to Matomo. If the journal is gone, so are these:
 *
 *     segments ──readAhead──> ahead ──take──> taken ──decide──> decided ──save──> deleted
 */
export class StoredHits {
  readonly journal: Journal;
  /** Hits that are being sent. */
  readonly taken = new Set<JournalHit>();
  /** Hits that were read from the journal, or kept when they were written. */
  readonly #ahead: JournalHit[] = [];
  /** Lines with results that are not stored yet. */
  readonly #decided = new Map<Segment, Range[]>();
  /** Segments that could not be read since the last beat. They must not delay newer ones. */
  readonly #unreadable = new Set<Segment>();
  /** When hits that can be taken were first seen. */
  #waitsSinceMillis = Number.POSITIVE_INFINITY;
  readonly #maxHits: number;
  readonly #reports: SpoolReports;
  readonly #onLost: (hits: number) => void;

  /** About `maxHits` are in memory at most. Calls `onLost` with the number of hits that turn out to be damaged or gone. */
  constructor(
    journal: Journal,
    maxHits: number,
    reports: SpoolReports,
    onLost: (hits: number) => void,
  ) {
    this.journal = journal;
    this.#maxHits = maxHits;
    this.#reports = reports;
    this.#onLost = onLost;
  }

  /** Start of the oldest request whose hit was not taken, in epoch seconds; `Infinity` if there is none. */
  get oldestSeconds(): number {
    const ahead = this.#ahead[0]?.startSeconds ?? Number.POSITIVE_INFINITY;
    return Math.min(ahead, this.#nextSegment()?.startSeconds ?? Number.POSITIVE_INFINITY);
  }

  /** Whether so many new hits may be kept when they are written: then they need not be read. */
  mayKeep(hits: number): boolean {
    for (const { unread } of this.journal.segments) if (unread > 0) return false;
    return this.#mayRead(hits);
  }

  keep(hits: readonly JournalHit[]): void {
    for (const hit of hits) this.#ahead.push(hit); // too many for arguments
  }

  /** Reads until so many hits are there, or memory is full: then, a segment's next ones are still read if none is there. */
  async readAhead(count: number): Promise<void> {
    while (this.#ahead.length < count && (this.#ahead.length === 0 || this.#mayRead(1))) {
      const segment = this.#nextSegment();
      if (!segment) return;
      await this.#read(segment).catch((error: unknown) => {
        if (error instanceof JournalLost || !this.journal.isOpen) throw error;
        this.#unreadable.add(segment);
        this.#reports.unreadable.begin(error);
      });
    }
  }

  async #read(segment: Segment): Promise<void> {
    const { lines, lost } = await segment.read();
    const damaged: Range[] = [];
    for (const { from, to, line } of lines) {
      const hit = readLine(line);
      if (hit) this.#ahead.push({ ...hit, segment, from, to });
      else damaged.push({ from, to });
    }
    if (damaged.length > 0) {
      this.#markDecided(segment, damaged);
      this.#reports.damaged(segment.name);
    }
    if (lost > 0) this.#reports.lost(lost, 'they were deleted');
    this.#onLost(damaged.length + lost);
  }

  /** From now on, segments that could not be read are tried again. */
  forgetUnreadable(): void {
    this.#unreadable.clear();
  }

  /** The oldest hits that were read, at most `max`; fewer only if the oldest has waited for `delayMillis`. */
  take(max: number, delayMillis: number): readonly JournalHit[] {
    const waiting = this.#ahead.length;
    const now = performance.now();
    if (waiting > 0) this.#waitsSinceMillis = Math.min(this.#waitsSinceMillis, now);
    if (waiting < max && now - this.#waitsSinceMillis < delayMillis) return [];
    this.#waitsSinceMillis = waiting > max ? now : Number.POSITIVE_INFINITY;
    const hits = this.#ahead.splice(0, max);
    for (const hit of hits) this.taken.add(hit);
    return hits;
  }

  /** Removes the oldest hits that were read and are too old, which is their result. */
  expire(isFresh: (hit: JournalHit) => boolean): readonly JournalHit[] {
    const end = this.#ahead.findIndex(isFresh);
    const expired = this.#ahead.splice(0, end < 0 ? this.#ahead.length : end);
    this.decide(expired);
    return expired;
  }

  /** Hits have a result, which `save` stores. */
  decide(hits: readonly JournalHit[]): void {
    for (const hit of hits) this.#markDecided(hit.segment, [hit]);
  }

  /** Stores results. Returns the error if one could not be stored: it will be by a later call. */
  async save(): Promise<unknown> {
    let failure: unknown;
    for (const [segment, decided] of [...this.#decided]) {
      const saved = [...decided]; // more may be decided meanwhile
      try {
        await segment.markDecided(saved);
        decided.splice(0, saved.length);
        if (decided.length === 0) this.#decided.delete(segment);
      } catch (error) {
        failure = error;
      }
    }
    return failure;
  }

  /** The same at the end of the process, also of results that are being stored. Returns whether all are stored. */
  saveAtExit(): boolean {
    for (const [segment, decided] of this.#decided)
      if (segment.markDecidedAtExit?.(decided)) this.#decided.delete(segment);
    return this.areSaved;
  }

  get areSaved(): boolean {
    return this.#decided.size === 0;
  }

  #markDecided(segment: Segment, lines: readonly Range[]): void {
    const ofSegment = this.#decided.get(segment) ?? [];
    for (const line of lines) ofSegment.push(line);
    this.#decided.set(segment, ofSegment);
  }

  #mayRead(hits: number): boolean {
    return this.#ahead.length + this.taken.size + hits <= this.#maxHits;
  }

  /** The segment with the oldest hits that were not read. */
  #nextSegment(): Segment | undefined {
    let oldest: Segment | undefined;
    for (const segment of this.journal.isOpen ? this.journal.segments : []) {
      if (segment.unread === 0 || this.#unreadable.has(segment)) continue;
      if (!oldest || segment.startSeconds < oldest.startSeconds) oldest = segment;
    }
    return oldest;
  }
}

import { withTimeout } from '../../../common/with-timeout.js';
import type { Hit } from '../../../hit/hit.js';
import { type DeliveryCounters, lostHits } from '../../counters.js';
import { LINE_BYTES, toLines } from '../hit-line.js';
import type { SpoolReports } from '../spool-reports.js';
import type { SpoolEvents } from '../spool-store.js';
import { readAcknowledgment } from './acknowledgment.js';
import { listFolder } from './is-missing.js';
import { LocalSegments } from './local-segments.js';
import { SegmentWriter } from './segment-writer.js';
import { unlinkAcknowledgments } from './sweep.js';

/** How long hits stay in memory once they could not be written, before that is tried again. */
const RETRY_MILLIS = 5_000;
/** How long a write takes before the disk is held for one that hangs. */
const HANGING_MILLIS = 2_000;
/** How long the last write may take. */
const LAST_WRITE_MILLIS = 1_000;
const LARGEST_SEGMENT_BYTES = 8 * 1024 ** 2;

export interface OwnHitsOptions {
  /** Absolute. */
  readonly folder: string;
  readonly maxBytes: number;
}

/** Hits, and what is to be written of them. */
interface Portion {
  readonly hits: readonly Hit[];
  readonly lines: readonly Buffer[];
}

/** Told what is on the disk from `start` of a segment on. */
export type OnWritten = (
  segment: string,
  start: number,
  lines: readonly Buffer[],
  hits: readonly Hit[],
) => void;

/** The hits of this process: written here, decided by the sender, answered for here until this process ends. */
export class LocalHits {
  /** Bytes of all segments of the folder, as far as is known. */
  bytesInFolder = 0;
  readonly #options: OwnHitsOptions;
  readonly #instance: string;
  readonly #reports: SpoolReports;
  readonly #writer: SegmentWriter;
  readonly #segments: LocalSegments;
  readonly #onWritten: OnWritten;
  #events: SpoolEvents | undefined;
  #writing = 0;
  /** The part of them that no write has begun with: the next takes them all, since each has the disk to wait for. */
  readonly #waiting: Portion[] = [];
  #begun: Portion | undefined;
  #writes: Promise<void> = Promise.resolve();
  #retryAtMillis = 0;
  #hasEnded = false;
  /** When the write that is under way has begun. */
  #writesSinceMillis = Number.POSITIVE_INFINITY;

  constructor(
    options: OwnHitsOptions,
    instance: string,
    reports: SpoolReports,
    onWritten: OnWritten,
  ) {
    this.#options = options;
    this.#instance = instance;
    this.#reports = reports;
    this.#onWritten = onWritten;
    const segmentBytes = Math.min(LARGEST_SEGMENT_BYTES, Math.ceil(options.maxBytes / 8));
    this.#writer = new SegmentWriter(options.folder, instance, segmentBytes);
    this.#segments = new LocalSegments((counts) => this.#events?.count(counts));
  }

  /** Hits that are on their way to the disk. */
  get writing(): number {
    return this.#writing;
  }

  /** Hits on disk whose fate is not known here. */
  get written(): number {
    return this.#segments.open;
  }

  /** Not after a failure, and not while a disk hangs: what it would be given waits in a queue with bounds. */
  get isWritable(): boolean {
    return performance.now() >= this.#retryAtMillis && !this.#isHanging;
  }

  get #isHanging(): boolean {
    return performance.now() - this.#writesSinceMillis >= HANGING_MILLIS;
  }

  get room(): number {
    return this.#options.maxBytes - this.bytesInFolder - this.#writing * LINE_BYTES;
  }

  start(events: SpoolEvents): void {
    this.#events = events;
  }

  append(hits: readonly Hit[]): void {
    this.#writing += hits.length;
    this.#waiting.push({ hits, lines: toLines(hits) });
  }

  write(): Promise<void> {
    this.#writes = this.#writes.then(() => this.#write(this.#waiting.splice(0)));
    return this.#writes;
  }

  /** For the end of a process: stores hits at once, with all that waits, and returns those that cannot be written. */
  storeSync(hits: readonly Hit[]): readonly Hit[] {
    this.append(hits);
    if (this.#begun) {
      const written = this.#writer.countAppended();
      const { hits: begun, lines } = this.#begun;
      this.#waiting.unshift({ hits: begun.slice(written), lines: lines.slice(written) });
    }
    const waiting = this.#waiting.splice(0);
    const lines = waiting.flatMap((portion) => portion.lines);
    const fitting = this.#countFitting(lines);
    if (fitting < lines.length) this.#lose(lines.length - fitting);
    if (fitting === 0) return [];
    this.#writing -= fitting;
    try {
      if (this.#isHanging) throw new Error('the disk does not answer');
      this.#segments.add(this.#writer.writeLast(lines.slice(0, fitting)), fitting);
      return [];
    } catch (error) {
      this.#reports.notWritten(error);
      return waiting.flatMap((portion) => portion.hits).slice(0, fitting);
    }
  }

  /** Where the folder is half full, what is decided does not stay until the segment that it is in has grown. */
  makeRoom(): void {
    if (this.#segments.open > 0 || this.bytesInFolder * 2 < this.#options.maxBytes) return;
    this.#writes = this.#writes.then(() => this.#writer.beginNext());
  }

  /** What the sender has decided so far of a segment, which may be another process's. */
  learn(segment: string, counts: DeliveryCounters): void {
    if (segment.startsWith(this.#instance)) this.#segments.learn(segment, counts);
  }

  /** A segment is no more. */
  finish(segment: string): void {
    const lost = this.#segments.finish(segment);
    if (lost > 0) this.#reports.lost(lost, `they are no longer in ${segment}`);
  }

  /** Reads what a sender that is another process has decided; not of segments that are in hand here. */
  async readAcknowledgments(isInHand: (segment: string) => boolean = () => false): Promise<void> {
    const { folder } = this.#options;
    const own = this.#segments.names.filter((name) => !isInHand(name));
    if (own.length === 0) return;
    const before = await listFolder(folder);
    // The sender says why, then deletes: where a segment has gone, why is there by now.
    const names = own.every((name) => before.includes(name)) ? before : await listFolder(folder);
    for (const name of own) {
      const acknowledgment = await readAcknowledgment(folder, name, names).catch(
        (error: unknown) => {
          this.#reports.unreadable(error);
          return 'unreadable' as const;
        },
      );
      if (acknowledgment === 'unreadable') continue;
      if (acknowledgment) this.#segments.learn(name, acknowledgment.counts);
      if (!acknowledgment?.isFinished && (before.includes(name) || acknowledgment)) continue;
      this.finish(name);
      await unlinkAcknowledgments(folder, name).catch(() => undefined);
    }
  }

  /** After what is being written, unless the disk hangs: what it has not taken is lost then. */
  async close(): Promise<void> {
    this.#writes = this.#writes.then(() => this.#writer.close());
    await withTimeout(LAST_WRITE_MILLIS, this.#writes);
    this.#hasEnded = true;
    this.#events?.count(lostHits('shutdown', this.#writing));
    this.#writing = 0;
  }

  async #write(portions: readonly Portion[]): Promise<void> {
    const hits = portions.flatMap((portion) => portion.hits);
    const lines = portions.flatMap((portion) => portion.lines);
    if (hits.length === 0 || this.#hasEnded) return;
    const fitting = this.#countFitting(lines);
    if (fitting > 0) {
      this.#writesSinceMillis = performance.now();
      const fittingLines = lines.slice(0, fitting);
      this.#begun = { hits: hits.slice(0, fitting), lines: fittingLines };
      const outcome = await this.#writer.append(fittingLines);
      this.#begun = undefined;
      if (this.#hasEnded) return;
      this.#writesSinceMillis = Number.POSITIVE_INFINITY;
      const { segment, start, bytes, lines: written, error } = outcome;
      this.bytesInFolder += bytes;
      this.#writing -= fitting;
      if (segment !== undefined) {
        this.#segments.add(segment, written);
        // Also after an error: a sender that is this process does not look for more than it is told of.
        if (written > 0) this.#onWritten(segment, start, fittingLines.slice(0, written), hits);
      }
      if (written < fitting) this.#events?.giveBack(hits.slice(written, fitting));
      if (error) this.reportFailure(error);
    }
    if (fitting < hits.length) this.#lose(hits.length - fitting);
  }

  /** The newest are lost, not the oldest: a visit whose start is missing is worse than one cut short. */
  #lose(hits: number): void {
    this.#writing -= hits;
    this.#events?.count(lostHits('spool', hits));
    this.#reports.full(hits, this.#options.maxBytes);
  }

  #countFitting(lines: readonly Buffer[]): number {
    let size = this.bytesInFolder;
    const tooMany = lines.findIndex(({ length }) => {
      size += length;
      return size > this.#options.maxBytes;
    });
    return tooMany < 0 ? lines.length : tooMany;
  }

  /** Something could not be written: hits stay in memory for some time. */
  reportFailure(error: unknown): void {
    this.#retryAtMillis = performance.now() + RETRY_MILLIS;
    this.#reports.notWritten(error);
  }
}

import { SerialQueue } from '../../../common/serial-queue.js';
import { withTimeout } from '../../../common/with-timeout.js';
import type { Hit } from '../../../hit/hit.js';
import { EXIT_WAITS } from '../../exit/exit-waits.js';
import { lostHits } from '../../queue/counters.js';
import { LINE_BYTES, toLines } from '../hit-line.js';
import type { SpoolReports } from '../spool-reports.js';
import type { SpoolEvents } from '../spool-store.js';
import { LocalSegments } from './local-segments.js';
import { SegmentWriter } from './segment-writer.js';

/** After a write failed, hits stay in memory for this long before the next attempt. */
const RETRY_MILLIS = 5_000;
/** A disk that takes longer than this for a write is considered hanging. */
const HANGING_MILLIS = 2_000;
const MAX_SEGMENT_BYTES = 8 * 1024 ** 2;
/** A segment is deleted when all its hits have results, which is soon only if it has the hits of a short time. */
const MAX_SEGMENT_MILLIS = 60_000;

export interface LocalHitsOptions {
  /** Absolute path. */
  readonly folder: string;
  readonly maxBytes: number;
  /** Fingerprint of the privacy options. */
  readonly privacy?: string | undefined;
}

/** Hits and their encoded lines. */
interface Portion {
  readonly hits: readonly Hit[];
  readonly lines: readonly Buffer[];
}

/** Called with the lines that are on the disk from `start` of a segment on. */
export type OnWritten = (
  segment: string,
  start: number,
  lines: readonly Buffer[],
  hits: readonly Hit[],
) => void;

/** The hits of this process: it writes them, the lease holder acknowledges them, and this process counts their results. */
export class LocalHits {
  /** Bytes of all segments of the folder, as last measured. */
  bytesInFolder = 0;
  readonly segments: LocalSegments;
  readonly #options: LocalHitsOptions;
  readonly #reports: SpoolReports;
  readonly #writer: SegmentWriter;
  readonly #onWritten: OnWritten;
  #events: SpoolEvents | undefined;
  #writing = 0;
  /** Portions that no write has started with. The next write takes them all, because each write waits for the disk. */
  readonly #waiting: Portion[] = [];
  #begun: Portion | undefined;
  readonly #writes = new SerialQueue({ onError: (error) => this.reportFailure(error) });
  #retryAtMillis = 0;
  #hasEnded = false;
  /** Start of the current write. */
  #writesSinceMillis = Number.POSITIVE_INFINITY;

  constructor(
    options: LocalHitsOptions,
    instance: string,
    reports: SpoolReports,
    onWritten: OnWritten,
  ) {
    this.#options = options;
    this.#reports = reports;
    this.#onWritten = onWritten;
    const segmentBytes = Math.min(MAX_SEGMENT_BYTES, Math.ceil(options.maxBytes / 8));
    this.#writer = new SegmentWriter(options.folder, instance, segmentBytes);
    this.segments = new LocalSegments(options.folder, instance, reports);
  }

  /** Hits that are being written or wait for it. */
  get writing(): number {
    return this.#writing;
  }

  /** Hits on disk without a result. */
  get written(): number {
    return this.segments.open;
  }

  /** `false` after a failure and while the disk hangs: then hits stay in the bounded queue. */
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
    this.segments.start((counts) => events.count(counts));
  }

  append(hits: readonly Hit[]): void {
    this.#writing += hits.length;
    this.#waiting.push({ hits, lines: toLines(hits, this.#options.privacy) });
  }

  write(): Promise<void> {
    return this.#writes.run(() => this.#write(this.#waiting.splice(0)));
  }

  /** At the end of the process: stores hits, and those that wait, synchronously. Returns those that cannot be written. */
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
      this.segments.add(this.#writer.writeLast(lines.slice(0, fitting)), fitting);
      return [];
    } catch (error) {
      this.#reports.notWritten(error);
      return waiting.flatMap((portion) => portion.hits).slice(0, fitting);
    }
  }

  /** Starts a new segment if nothing is pending or the current one is old, so that delivered and expired hits can be deleted. */
  closeSegment(): void {
    if (this.segments.open > 0 && this.#writer.ageMillis < MAX_SEGMENT_MILLIS) return;
    void this.#writes.run(() => this.#writer.beginNext());
  }

  /** Waits for the current write, unless the disk hangs: then its hits are lost. */
  async close(): Promise<void> {
    const ended = this.#writes.run(() => this.#writer.end());
    await withTimeout(EXIT_WAITS.spoolWriteMillis, ended);
    this.#reports.close();
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
        this.segments.add(segment, written);
        // Even after an error: if this process is the sender, it reads only the lines that it is passed here.
        if (written > 0) this.#onWritten(segment, start, fittingLines.slice(0, written), hits);
      }
      if (written < fitting) this.#events?.giveBack(hits.slice(written, fitting));
      if (error) this.reportFailure(error);
      else this.#reports.written();
    }
    if (fitting < hits.length) this.#lose(hits.length - fitting);
  }

  /** New hits are dropped: losing the end of a visit is better than losing its start. */
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

  /** After a failed write: keeps hits in memory for some time. */
  reportFailure(error: unknown): void {
    this.#retryAtMillis = performance.now() + RETRY_MILLIS;
    this.#reports.notWritten(error);
  }
}

import { SerialQueue } from '../../../common/serial-queue.js';
import { withTimeout } from '../../../common/timers.js';
import type { Hit } from '../../../hit/hit.js';
import { EXIT_WAITS } from '../../exit/exit-waits.js';
import {
  addCounters,
  createDeliveryCounters,
  type DeliveryCounters,
  type LossReason,
  lostHits,
  sumOfCounters,
} from '../../queue/counters.js';
import { LINE_BYTES, toLines } from '../hit-line.js';
import type { SpoolReports } from '../spool-reports.js';
import type { SpoolEvents } from '../spool-store.js';
import { readAcknowledgment } from './acknowledgments.js';
import { acknowledgmentsBySegment } from './file-names.js';
import { listFolder } from './open-files.js';
import { deleteAcknowledgments } from './segment-deletion.js';
import { SegmentWriter } from './segment-writer.js';

/** After a write failed, hits stay in memory for this long before the next attempt. */
const RETRY_MILLIS = 5_000;
/** A disk that takes longer than this for a write is considered hanging. */
const HANGING_MILLIS = 2_000;
const MAX_SEGMENT_BYTES = 8 * 1024 ** 2;
/** A segment is deleted when all its hits have results, which is soon only if it has the hits of a short time: see `segment-deletion.ts`. */
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
type OnWritten = (
  segment: string,
  start: number,
  lines: readonly Buffer[],
  hits: readonly Hit[],
) => void;

/** The hits of this process: this process writes them, the lease holder acknowledges them, and this process counts their results. */
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

  /** Hits that are being written or wait to be written. */
  get writing(): number {
    return this.#writing;
  }

  /** Whether nothing is being written. */
  get isIdle(): boolean {
    return this.#writes.isIdle;
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
        // Even after an error: if this process is the lease holder, it reads only the lines that it is passed here.
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

interface OwnSegment {
  /** Hits that were written. */
  written: number;
  /** Results that were counted. */
  counted: DeliveryCounters;
  /** The last results reported, which may be ahead: the lease holder may read hits before the writer knows that they are on disk. */
  reported: DeliveryCounters;
}

/** The hits that this process has written, and the results that the lease holder has reported so far. */
class LocalSegments {
  readonly #segments = new Map<string, OwnSegment>();
  readonly #folder: string;
  readonly #instance: string;
  readonly #reports: SpoolReports;
  #count: (counts: DeliveryCounters) => void = () => undefined;
  #open = 0;

  constructor(folder: string, instance: string, reports: SpoolReports) {
    this.#folder = folder;
    this.#instance = instance;
    this.#reports = reports;
  }

  /** Calls `count` with results of hits from now on. */
  start(count: (counts: DeliveryCounters) => void): void {
    this.#count = count;
  }

  /** Hits without a result. */
  get open(): number {
    return this.#open;
  }

  /** Whether a segment has hits without a result. */
  isOpen(name: string): boolean {
    const segment = this.#segments.get(name);
    return segment !== undefined && sumOfCounters(segment.counted) < segment.written;
  }

  add(name: string, hits: number): void {
    const segment = this.#segment(name);
    segment.written += hits;
    this.#open += hits;
    this.#learn(name, segment.reported);
  }

  /** Accepts all results so far for a segment, which may belong to another process. */
  learn(name: string, reported: DeliveryCounters): void {
    if (name.startsWith(this.#instance)) this.#learn(name, reported);
  }

  #learn(name: string, reported: DeliveryCounters): void {
    const segment = this.#segment(name);
    // If an acknowledgment was lost, there are fewer results than before: keep what was counted.
    if (sumOfCounters(reported) < sumOfCounters(segment.reported)) return;
    segment.reported = createDeliveryCounters();
    addCounters(segment.reported, reported);
    if (sumOfCounters(reported) > segment.written) return;
    const news = difference(segment.reported, segment.counted);
    segment.counted = segment.reported;
    this.#open -= sumOfCounters(news);
    this.#count(news);
  }

  /** A segment was deleted. Hits in it without a result are lost. */
  finish(name: string): void {
    const segment = this.#segments.get(name);
    if (!segment) return;
    this.#segments.delete(name);
    const lost = segment.written - sumOfCounters(segment.counted);
    this.#open -= lost;
    this.#count(lostHits('spool', lost));
    if (lost > 0) this.#reports.lost(lost, `they are no longer in ${name}`);
  }

  /** Reads the acknowledgments that another process wrote. `isInHand` excludes segments that this process sends. */
  async readAcknowledgments(isInHand: (segment: string) => boolean = () => false): Promise<void> {
    const own = [...this.#segments.keys()].filter((name) => !isInHand(name));
    if (own.length === 0) return;
    const before = await listFolder(this.#folder);
    // The lease holder first acknowledges, then deletes: if a segment is missing, its acknowledgment exists by now.
    const existing = new Set(before);
    const isComplete = own.every((name) => existing.has(name));
    const names = isComplete ? before : await listFolder(this.#folder);
    const acknowledgments = acknowledgmentsBySegment(names);
    for (const name of own) {
      try {
        const files = acknowledgments.get(name) ?? [];
        const acknowledgment = await readAcknowledgment(this.#folder, files);
        if (acknowledgment) this.#learn(name, acknowledgment.counts);
        if (!acknowledgment?.isFinished && (existing.has(name) || acknowledgment)) continue;
      } catch (error) {
        this.#reports.unreadable(error);
        continue;
      }
      this.finish(name);
      await deleteAcknowledgments(this.#folder, name).catch(() => undefined);
    }
  }

  #segment(name: string): OwnSegment {
    const nothing = createDeliveryCounters();
    const segment = this.#segments.get(name) ?? { written: 0, counted: nothing, reported: nothing };
    this.#segments.set(name, segment);
    return segment;
  }
}

function difference(all: DeliveryCounters, known: DeliveryCounters): DeliveryCounters {
  const lost = { ...all.lost };
  for (const reason of Object.keys(lost) as LossReason[]) lost[reason] -= known.lost[reason];
  return {
    tracked: all.tracked - known.tracked,
    accepted: all.accepted - known.accepted,
    invalid: all.invalid - known.invalid,
    lost,
  };
}

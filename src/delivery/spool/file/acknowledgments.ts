import { constants } from 'node:fs';
import { type FileHandle, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { SerialQueue } from '../../../common/serial-queue.js';
import {
  addCounters,
  createDeliveryCounters,
  type DeliveryCounters,
  sumOfCounters,
} from '../../queue/counters.js';
import type { BulkKind } from '../../queue/encode-hits.js';
import type { StoredHit } from '../spool-store.js';
import { acknowledgmentName } from './file-names.js';
import {
  type Closable,
  createFile,
  ForeignFile,
  isMissing,
  type OpenFiles,
  openOwnFile,
  readOwnFile,
} from './open-files.js';

/** Maximum size of a file. Then a new one replaces it: the last line contains everything. */
const MAX_BYTES = 65_536;

/** Which hits of a segment have a result. */
export interface Acknowledgment {
  /** Everything before this position is acknowledged. */
  readonly offset: number;
  /** Starts of lines after `offset` that are acknowledged too. */
  readonly beyond: readonly number[];
  /** Results of the hits. */
  readonly counts: DeliveryCounters;
  /** Every hit is acknowledged, and the segment is deleted. */
  readonly isFinished: boolean;
}

export function nothingAcknowledged(): Acknowledgment {
  return { offset: 0, beyond: [], counts: createDeliveryCounters(), isFinished: false };
}

/**
 * The acknowledgment of a segment from its files. Each lease holder writes its own file; the one with the most results is right. Rejects if one
 * cannot be read.
 */
export async function readAcknowledgment(
  folder: string,
  names: readonly string[],
): Promise<Acknowledgment | undefined> {
  let furthest: Acknowledgment | undefined;
  for (const name of names) {
    const acknowledgment = await readFurthest(join(folder, name));
    if (acknowledgment && (!furthest || isFurther(acknowledgment, furthest)))
      furthest = acknowledgment;
  }
  return furthest;
}

/** The acknowledgments that one lease holder writes for a segment, one line each. */
export class AcknowledgmentFile implements Closable {
  readonly #path: string;
  readonly #files: OpenFiles;
  #file: FileHandle | undefined;
  #bytes = 0;
  #isSynced = true;

  /** `lease`: number of the lease, which distinguishes lease holders. */
  constructor(folder: string, segment: string, lease: number, files: OpenFiles) {
    this.#files = files;
    this.#path = join(folder, acknowledgmentName(segment, lease));
  }

  get isOpen(): boolean {
    return this.#file !== undefined;
  }

  /** Writes a complete line or nothing. In a power failure, lines since the last `sync` may be lost. */
  write(acknowledgment: Acknowledgment): Promise<void> {
    return this.#files.use(this, () => this.#write(`${JSON.stringify(acknowledgment)}\n`));
  }

  async #write(line: string): Promise<void> {
    const draft = `${this.#path}.tmp`;
    try {
      if (this.#bytes === 0 || this.#bytes + line.length > MAX_BYTES) await this.release();
      else this.#file ??= await openToAppend(this.#path);
      const isNew = this.#file === undefined;
      this.#file ??= await createFile(draft);
      await this.#file.writeFile(line);
      this.#isSynced = false;
      if (isNew) {
        await this.sync();
        await rename(draft, this.#path);
        this.#bytes = 0;
      }
      this.#bytes += line.length;
    } catch (error) {
      await this.close(); // nothing is appended to an unfinished line
      throw error;
    }
  }

  /** Makes what was written survive a power failure. */
  async sync(): Promise<void> {
    if (this.#isSynced) return;
    this.#isSynced = true;
    await this.#file?.datasync();
  }

  /** The next write appends to the file. */
  async release(): Promise<void> {
    const file = this.#file;
    const isSynced = this.#isSynced;
    this.#file = undefined;
    this.#isSynced = true;
    if (!isSynced) await file?.datasync().catch(() => undefined);
    await file?.close().catch(() => undefined);
  }

  /** The next write starts a new file. */
  async close(): Promise<void> {
    this.#bytes = 0;
    await this.release();
    this.#files.forget(this);
  }
}

/** `undefined` if the file was deleted. */
async function openToAppend(path: string): Promise<FileHandle | undefined> {
  try {
    return await openOwnFile(path, constants.O_WRONLY | constants.O_APPEND);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The last complete line; `undefined` if the file is missing or belongs to another user. */
async function readFurthest(path: string): Promise<Acknowledgment | undefined> {
  let text: string;
  try {
    text = await readOwnFile(path);
  } catch (error) {
    // Another user must not acknowledge our hits.
    if (isMissing(error) || error instanceof ForeignFile) return undefined;
    throw error;
  }
  const lines = text.split('\n');
  for (let line = lines.pop(); line !== undefined; line = lines.pop()) {
    const acknowledgment = parse(line);
    if (acknowledgment) return acknowledgment;
  }
  return nothingAcknowledged();
}

function isFurther(a: Acknowledgment, b: Acknowledgment): boolean {
  if (a.isFinished !== b.isFinished) return a.isFinished;
  return sumOfCounters(a.counts) > sumOfCounters(b.counts);
}

function parse(line: string): Acknowledgment | undefined {
  try {
    const { offset, beyond, counts, isFinished } = JSON.parse(line) as Acknowledgment;
    const isSound =
      [offset, counts.tracked, counts.accepted, counts.invalid].every(Number.isSafeInteger) &&
      beyond.every(Number.isSafeInteger) &&
      Object.values(counts.lost).every(Number.isSafeInteger);
    if (!isSound) return undefined;
    const sum = createDeliveryCounters();
    addCounters(sum, { ...counts, lost: { ...sum.lost, ...counts.lost } });
    return { offset, beyond, counts: sum, isFinished: isFinished === true };
  } catch {
    return undefined;
  }
}

/** The results for hits of a segment that have been read, and which of them are written to disk. */
export class SegmentDecisions {
  readonly counts: DeliveryCounters;
  readonly #file: AcknowledgmentFile;
  /** In the order of the file. The first is not acknowledged. */
  #hits: HitPlace[] = [];
  /** How many of them are acknowledged: usually none, but there may be thousands. */
  #acknowledgedBeyond = 0;
  #beyond: Set<number>;
  #offset: number;
  #open = 0;
  readonly #writes = new SerialQueue();
  /** A write that has not started and will include everything acknowledged until then. */
  #nextSave: Promise<void> | undefined;
  #isUnsaved = false;
  #isStale = false;

  constructor({ offset, beyond, counts }: Acknowledgment, file: AcknowledgmentFile) {
    this.counts = counts;
    this.#file = file;
    this.#offset = offset;
    this.#beyond = new Set(beyond);
  }

  /** Hits that have been read and not acknowledged. */
  get open(): number {
    return this.#open;
  }

  /** Whether results are not written yet, or writing them failed. */
  get isUnsaved(): boolean {
    return this.#isUnsaved;
  }

  /** Whether the hit of the line at `start` was acknowledged before. */
  wasAcknowledged(start: number): boolean {
    return this.#beyond.has(start);
  }

  /** Adds a hit that has been read, in the order of the file. */
  add({ place }: SegmentHit): void {
    this.#hits.push(place);
    this.#open += 1;
  }

  /** Forgets which hits have been read. Returns the position from which to read again. */
  rewind(): number {
    this.#beyond = new Set(this.#acknowledgedBeyondOffset());
    this.#hits = [];
    this.#acknowledgedBeyond = 0;
    this.#open = 0;
    return this.#offset;
  }

  /** Acknowledges hits of this segment; `counts` are their results. */
  acknowledge(hits: readonly SegmentHit[], counts: DeliveryCounters): void {
    for (const { place } of hits) {
      if (place.isAcknowledged) continue;
      place.isAcknowledged = true;
      this.#open -= 1;
      this.#acknowledgedBeyond += 1;
    }
    const firstOpen = this.#hits.findIndex(({ isAcknowledged }) => !isAcknowledged);
    const acknowledged = this.#hits.splice(0, firstOpen < 0 ? this.#hits.length : firstOpen);
    this.#acknowledgedBeyond -= acknowledged.length;
    this.#offset = acknowledged.at(-1)?.lineEnd ?? this.#offset;
    addCounters(this.counts, counts);
  }

  /** Writes everything acknowledged so far. Rejects if that fails. */
  save(isFinished = false): Promise<void> {
    if (this.#nextSave && !isFinished) return this.#nextSave;
    const saved = this.#writes.attempt(async () => {
      this.#nextSave = undefined;
      if (this.#isStale) return;
      this.#isUnsaved = true;
      await this.#file.write(this.#acknowledgment(isFinished));
      this.#isUnsaved = false;
    });
    this.#nextSave = saved;
    return saved;
  }

  /** Makes what was written survive a power failure. */
  sync(): Promise<void> {
    return this.#writes.run(() => this.#file.sync());
  }

  /** Another process is the lease holder now: nothing more is written. */
  abandon(): void {
    this.#isStale = true;
  }

  /** Closes the file after pending writes. */
  async close(): Promise<void> {
    await this.#writes.ended;
    await this.#file.close();
  }

  #acknowledgment(isFinished: boolean): Acknowledgment {
    const beyond = this.#acknowledgedBeyondOffset();
    return { offset: this.#offset, beyond, counts: this.counts, isFinished };
  }

  #acknowledgedBeyondOffset(): number[] {
    const beyond = [...this.#beyond].filter((start) => start >= this.#offset);
    if (this.#acknowledgedBeyond > 0) {
      for (const { lineStart, isAcknowledged } of this.#hits)
        if (isAcknowledged) beyond.push(lineStart);
    }
    return beyond;
  }
}

/** The segment in which the lease holder has read a hit. */
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

/** A hit as the lease holder has read it, with the position of its line. */
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

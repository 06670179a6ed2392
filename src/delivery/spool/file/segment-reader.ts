import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hit } from '../../../hit/hit.js';
import { sumOfCounters } from '../../queue/counters.js';
import { isWhole, readLine, storedIn } from '../hit-line.js';
import type { StoredHit } from '../spool-store.js';
import {
  type Acknowledgment,
  AcknowledgmentFile,
  HitPlace,
  nothingAcknowledged,
  readAcknowledgment,
  SegmentDecisions,
  SegmentHit,
  type SourceSegment,
} from './acknowledgments.js';
import { type Closable, type OpenFiles, openOwnFile } from './open-files.js';

const MAX_LINE_BYTES = 1_048_576;
const LINE_FEED = 10;

/** Limit for hits of all segments in memory. Beyond it, hits that were written are read again when they are due. */
export const MAX_AHEAD = 10_000;

export interface SegmentReaderEvents {
  broken(name: string): void;
}

/**
 * Reads a segment from the first hit that is not acknowledged:
 *
 *     [ acknowledged … | taken or read ahead, some acknowledged | not read ]
 *                 ^ offset                            ^ position
 */
export class SegmentReader implements SourceSegment {
  readonly name: string;
  readonly decisions: SegmentDecisions;
  /** Start of the first request that `countUnread` has counted, nearly the oldest. */
  unreadSinceSeconds: number | undefined;
  readonly #file: SegmentFile;
  readonly #events: SegmentReaderEvents;
  #position: number;
  /** End of the file, if this process writes it. */
  #end = Number.POSITIVE_INFINITY;
  #ahead: (SegmentHit | undefined)[] = [];
  #taken = 0;
  #rest: Buffer = Buffer.alloc(0);
  #skipsLine = false;
  #isReading = false;
  #isAtEnd = false;
  #isBegun = false;
  #lines = 0;
  #countedBytes = 0;

  private constructor(
    name: string,
    file: SegmentFile,
    acknowledged: Acknowledgment,
    acknowledgments: AcknowledgmentFile,
    events: SegmentReaderEvents,
  ) {
    this.name = name;
    this.#file = file;
    this.#events = events;
    this.#position = acknowledged.offset;
    this.decisions = new SegmentDecisions(acknowledged, acknowledgments);
  }

  /** `acknowledgments`: names of the segment's files. `lease`: number of the lease of this process. */
  static async open(
    folder: string,
    name: string,
    acknowledgments: readonly string[],
    lease: number,
    events: SegmentReaderEvents,
    files: OpenFiles,
  ): Promise<SegmentReader> {
    const acknowledged =
      (await readAcknowledgment(folder, acknowledgments)) ?? nothingAcknowledged();
    const own = new AcknowledgmentFile(folder, name, lease, files);
    const file = new SegmentFile(join(folder, name), files);
    return new SegmentReader(name, file, acknowledged, own, events);
  }

  /** Whether everything was read, in a file to which nothing is appended any more. */
  get isAtEnd(): boolean {
    return this.#isAtEnd;
  }

  /** Whether anything was read. */
  get isBegun(): boolean {
    return this.#isBegun;
  }

  /** How many hits were read and not taken. */
  get ahead(): number {
    return this.#ahead.length - this.#taken;
  }

  /** The first hit that was read and not taken. */
  get head(): SegmentHit | undefined {
    return this.#ahead[this.#taken];
  }

  /** How many of the lines that `countLines` has counted have no result. */
  get openLines(): number {
    return Math.max(0, this.#lines - sumOfCounters(this.decisions.counts));
  }

  /** Reads until `hits` hits are ahead. Returns whether the end was reached. Nothing is appended to a `final` file. */
  async readAhead(hits: number, isFinal: boolean): Promise<boolean> {
    if (!isFinal) this.#isAtEnd = false;
    this.#isReading = true;
    this.#isBegun = true;
    try {
      while (this.ahead < hits) {
        if (this.#isAtEnd) return true;
        const next = this.#position + this.#rest.length;
        if (next >= this.#end && !isFinal) return true;
        const chunk = await this.#file.read(next);
        if (chunk.length === 0) {
          if (isFinal) await this.#dropRemoved();
          if (isFinal || isWhole(this.#rest)) this.#addRest();
          this.#isAtEnd = isFinal;
          return true;
        }
        this.#addLines(chunk);
      }
      return false;
    } finally {
      this.#isReading = false;
    }
  }

  /** Reads again from the first hit that is not acknowledged. */
  rewind(): void {
    this.#position = this.decisions.rewind();
    this.#ahead = [];
    this.#taken = 0;
    this.#rest = Buffer.alloc(0);
    this.#skipsLine = false;
    this.#isAtEnd = false;
  }

  /** Adds at most `most` lines that were just written, if they are next after what was read. */
  feed(start: number, lines: readonly Buffer[], hits: readonly Hit[], most: number): void {
    this.#end = lines.reduce((end, { length }) => end + length, start);
    if (this.#isReading || this.#rest.length > 0 || this.#position !== start) return;
    for (const [i, line] of lines.entries()) {
      if (i >= most) return;
      this.#addHit(storedIn(line, hits[i] as Hit), line.length);
    }
  }

  /** How many hits are neither acknowledged nor read, in a file to which nothing is appended any more. */
  async countUnread(): Promise<number> {
    let count = 0;
    let position = this.#position;
    let rest: Buffer = Buffer.alloc(0);
    for (;;) {
      const chunk = await this.#file.read(position + rest.length);
      const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let start = 0;
      for (let end = data.indexOf(LINE_FEED); end >= 0; end = data.indexOf(LINE_FEED, start)) {
        const line = data.subarray(start, end);
        if (!this.decisions.wasAcknowledged(position + start) && isWhole(line)) {
          if (count === 0) this.unreadSinceSeconds = readLine(line)?.startSeconds;
          count += 1;
        }
        start = end + 1;
      }
      position += start;
      rest = data.subarray(start);
      if (chunk.length === 0) return count + (isWhole(rest) ? 1 : 0);
    }
  }

  /** Counts the lines that were appended since the last call, in a file of another process. */
  async countLines(): Promise<void> {
    for (;;) {
      const chunk = await this.#file.read(this.#countedBytes);
      if (chunk.length === 0) return;
      this.#countedBytes += chunk.length;
      for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, end + 1))
        this.#lines += 1;
    }
  }

  take(): SegmentHit | undefined {
    const { head } = this;
    if (!head) return undefined;
    this.#ahead[this.#taken] = undefined; // so that the array does not keep the hit in memory
    this.#taken += 1;
    if (this.#taken * 2 > this.#ahead.length) {
      this.#ahead = this.#ahead.slice(this.#taken);
      this.#taken = 0;
    }
    return head;
  }

  async close(): Promise<void> {
    await this.decisions.close();
    await this.#file.close();
  }

  #addLines(chunk: Buffer): void {
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let start = 0;
    for (let end = data.indexOf(LINE_FEED); end >= 0; end = data.indexOf(LINE_FEED, start)) {
      this.#addLine(data.subarray(start, end), end + 1 - start);
      start = end + 1;
    }
    this.#rest = data.subarray(start);
    if (this.#rest.length <= MAX_LINE_BYTES) return;
    this.#skipsLine = true; // no hit is that long
    this.#position += this.#rest.length;
    this.#rest = Buffer.alloc(0);
  }

  /** Forgets the start of a line that its writer has removed, because the rest could not be written. */
  async #dropRemoved(): Promise<void> {
    if (this.#rest.length === 0 || isWhole(this.#rest)) return;
    const { length } = await this.#file.read(this.#position);
    if (length === 0) this.#rest = Buffer.alloc(0);
  }

  /** Adds a last line without line feed. */
  #addRest(): void {
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    if (rest.length > 0) this.#addLine(rest, rest.length);
  }

  #addLine(line: Buffer, length: number): void {
    const hit = this.#skipsLine ? undefined : readLine(line);
    this.#skipsLine = false;
    if (!hit && line.length > 0) this.#events.broken(this.name);
    if (hit) this.#addHit(hit, length);
    else this.#position += length;
  }

  #addHit(stored: StoredHit, length: number): void {
    const start = this.#position;
    this.#position += length;
    this.#isBegun = true;
    if (this.decisions.wasAcknowledged(start)) return;
    const hit = new SegmentHit(stored, this, new HitPlace(start, this.#position));
    this.decisions.add(hit);
    this.#ahead.push(hit);
  }
}

/** A segment as the lease holder sees it. */
export interface Segment {
  readonly reader: SegmentReader;
  /** Hits taken over without a result; `undefined` if their process is alive. */
  takenOver: number | undefined;
  /** Nothing is appended to the segment any more. */
  isFinal: boolean;
}

const CHUNK_BYTES = 65_536;

/** Reads a segment in chunks. Opens the file on demand; it is closed if too many files are open. */
class SegmentFile implements Closable {
  readonly #path: string;
  readonly #files: OpenFiles;
  #file: FileHandle | undefined;

  constructor(path: string, files: OpenFiles) {
    this.#path = path;
    this.#files = files;
  }

  get isOpen(): boolean {
    return this.#file !== undefined;
  }

  /** The bytes from a position on, at most 64 kB; none at the end, or if the file was deleted. */
  read(position: number): Promise<Buffer> {
    return this.#files.use(this, async () => {
      try {
        this.#file ??= await openOwnFile(this.#path, constants.O_RDONLY);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
        throw error;
      }
      const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
      const { bytesRead } = await this.#file.read(buffer, 0, CHUNK_BYTES, position);
      const read = buffer.subarray(0, bytesRead);
      return bytesRead * 2 > CHUNK_BYTES ? read : Buffer.from(read); // copied, because many segments are small
    });
  }

  async release(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.release();
    this.#files.forget(this);
  }
}

import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { EncodedHit } from '../batch.js';
import { addCounters, type DeliveryCounters } from '../counters.js';
import { isWhole, readLine } from './hit-line.js';
import { settledName } from './segment-names.js';
import { nothingSettled, readSettlement, writeSettlement } from './settlement.js';
import type { StoredHit } from './spool-store.js';

const CHUNK_BYTES = 65_536;
const LONGEST_LINE_BYTES = 1_048_576;
const LINE_FEED = 10;

export interface SegmentReaderEvents {
  broken(name: string): void;
  /** Whether it is still for this process to write down what is decided. */
  stillSends(): Promise<boolean>;
}

interface Line {
  readonly start: number;
  readonly end: number;
  isSettled: boolean;
}

/**
 * Reads a segment once and keeps what has been decided of it:
 *
 *     [ settled … | taken or read ahead, some settled | not read ]
 *                 ^ offset                            ^ position
 */
export class SegmentReader {
  readonly name: string;
  readonly counts: DeliveryCounters;
  readonly #path: string;
  readonly #settledPath: string;
  readonly #events: SegmentReaderEvents;
  readonly #lines = new Map<EncodedHit, Line>();
  readonly #beyond: Set<number>;
  #offset: number;
  #position: number;
  #open = 0;
  #ahead: StoredHit[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #skipsLine = false;
  #file: FileHandle | undefined;
  #writing: Promise<void> = Promise.resolve();
  /** One that has not begun, and will write down what is decided by then. */
  #nextSave: Promise<void> | undefined;
  #isUnsaved = false;
  #isStale = false;

  private constructor(
    folder: string,
    name: string,
    { offset, beyond, counts }: ReturnType<typeof nothingSettled>,
    events: SegmentReaderEvents,
  ) {
    this.name = name;
    this.counts = counts;
    this.#path = join(folder, name);
    this.#settledPath = join(folder, settledName(name));
    this.#events = events;
    this.#offset = offset;
    this.#position = offset;
    this.#beyond = new Set(beyond);
  }

  static async open(
    folder: string,
    name: string,
    events: SegmentReaderEvents,
  ): Promise<SegmentReader> {
    const settlement = await readSettlement(join(folder, settledName(name)));
    return new SegmentReader(folder, name, settlement ?? nothingSettled(), events);
  }

  /** Hits that have been read and not taken. */
  get ahead(): readonly StoredHit[] {
    return this.#ahead;
  }

  /** Hits that have been read and not settled. */
  get open(): number {
    return this.#open;
  }

  /** What has been decided is not written down yet, or could not be. */
  get isUnsaved(): boolean {
    return this.#isUnsaved;
  }

  /** Fulfilled when nothing is being written down any more, whether or not that could be done. */
  get saved(): Promise<void> {
    return this.#writing;
  }

  /** Reads until so many hits wait to be taken; whether the end of the file has been reached. A `final` file gets no longer. */
  async readAhead(hits: number, isFinal: boolean): Promise<boolean> {
    while (this.#ahead.length < hits) {
      const chunk = await this.#read(this.#position + this.#rest.length);
      if (chunk.length === 0) {
        if (isFinal || isWhole(this.#rest)) this.#addRest();
        return true;
      }
      this.#addLines(chunk);
    }
    return false;
  }

  /** How many hits have neither been settled nor read so far, in a file that gets no longer. */
  async countUnread(): Promise<number> {
    let count = 0;
    let position = this.#position;
    let rest: Buffer = Buffer.alloc(0);
    for (;;) {
      const chunk = await this.#read(position + rest.length);
      const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let start = 0;
      for (let end = data.indexOf(LINE_FEED); end >= 0; end = data.indexOf(LINE_FEED, start)) {
        if (!this.#beyond.has(position + start) && isWhole(data.subarray(start, end))) count += 1;
        start = end + 1;
      }
      position += start;
      rest = data.subarray(start);
      if (chunk.length === 0) return count + (isWhole(rest) ? 1 : 0);
    }
  }

  take(): StoredHit | undefined {
    return this.#ahead.shift();
  }

  /** The hits of this segment among those that were decided, with what was counted for them. */
  settle(hits: readonly EncodedHit[], counts: DeliveryCounters): void {
    for (const hit of hits) {
      const line = this.#lines.get(hit);
      if (!line || line.isSettled) continue;
      line.isSettled = true;
      this.#open -= 1;
    }
    for (const [hit, { end, isSettled }] of this.#lines) {
      if (!isSettled) break;
      this.#offset = end;
      this.#lines.delete(hit);
    }
    addCounters(this.counts, counts);
  }

  /** Writes down what has been decided so far. Rejects where that cannot be done. */
  save(isFinished = false): Promise<void> {
    if (this.#nextSave && !isFinished) return this.#nextSave;
    const saved = this.#writing.then(async () => {
      this.#nextSave = undefined;
      if (this.#isStale) return;
      this.#isUnsaved = true;
      if (!(await this.#events.stillSends())) return;
      const beyond: number[] = [...this.#beyond].filter((start) => start >= this.#offset);
      for (const { start, isSettled } of this.#lines.values()) if (isSettled) beyond.push(start);
      const { counts } = this;
      const settlement = { offset: this.#offset, beyond, counts, isFinished };
      await writeSettlement(this.#settledPath, settlement);
      this.#isUnsaved = false;
    });
    this.#nextSave = saved;
    this.#writing = saved.catch(() => undefined);
    return saved;
  }

  /** Somebody else sends now: nothing is written any more. */
  abandon(): Promise<void> {
    this.#isStale = true;
    return this.close();
  }

  async close(): Promise<void> {
    await this.#writing;
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => undefined);
  }

  async #read(position: number): Promise<Buffer> {
    try {
      this.#file ??= await open(this.#path, 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0); // somebody has deleted it
      throw error;
    }
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    const { bytesRead } = await this.#file.read(buffer, 0, CHUNK_BYTES, position);
    return buffer.subarray(0, bytesRead);
  }

  #addLines(chunk: Buffer): void {
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let start = 0;
    for (let end = data.indexOf(LINE_FEED); end >= 0; end = data.indexOf(LINE_FEED, start)) {
      this.#addLine(data.subarray(start, end), end + 1 - start);
      start = end + 1;
    }
    this.#rest = data.subarray(start);
    if (this.#rest.length <= LONGEST_LINE_BYTES) return;
    this.#skipsLine = true; // no hit is as long
    this.#position += this.#rest.length;
    this.#rest = Buffer.alloc(0);
  }

  /** A line without its line feed. */
  #addRest(): void {
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    if (rest.length > 0) this.#addLine(rest, rest.length);
  }

  #addLine(line: Buffer, length: number): void {
    const start = this.#position;
    this.#position += length;
    const hit = this.#skipsLine ? undefined : readLine(line);
    this.#skipsLine = false;
    if (!hit) {
      if (line.length > 0) this.#events.broken(this.name);
    } else if (!this.#beyond.has(start)) {
      this.#lines.set(hit, { start, end: this.#position, isSettled: false });
      this.#open += 1;
      this.#ahead.push(hit);
    }
  }
}

import { join } from 'node:path';
import type { Hit } from '../../../hit/hit.js';
import { isWhole, readLine, storedIn } from '../hit-line.js';
import type { StoredHit } from '../spool-store.js';
import {
  type Acknowledgment,
  AcknowledgmentFile,
  nothingAcknowledged,
  readAcknowledgment,
} from './acknowledgment.js';
import type { OpenFiles } from './open-files.js';
import { SegmentDecisions } from './segment-decisions.js';
import { SegmentFile } from './segment-file.js';
import { SegmentHit, type SourceSegment } from './segment-hit.js';

const LONGEST_LINE_BYTES = 1_048_576;
const LINE_FEED = 10;

/** Hits of all segments that wait in memory, from which on what is written is read when it is needed. */
export const MOST_AHEAD = 10_000;

export interface SegmentReaderEvents {
  broken(name: string): void;
}

/**
 * Reads a segment once, from what has been decided of it on:
 *
 *     [ acknowledged … | taken or read ahead, some acknowledged | not read ]
 *                 ^ offset                            ^ position
 */
export class SegmentReader implements SourceSegment {
  readonly name: string;
  readonly decisions: SegmentDecisions;
  readonly #file: SegmentFile;
  readonly #events: SegmentReaderEvents;
  #position: number;
  /** Nothing has been written beyond, where this process writes it. */
  #end = Number.POSITIVE_INFINITY;
  #ahead: (SegmentHit | undefined)[] = [];
  #taken = 0;
  #rest: Buffer = Buffer.alloc(0);
  #skipsLine = false;
  #isReading = false;
  #isAtEnd = false;

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

  /** `names`: what is in the folder. `lease`: the number of this sender's. */
  static async open(
    folder: string,
    name: string,
    names: readonly string[],
    lease: number,
    events: SegmentReaderEvents,
    files: OpenFiles,
  ): Promise<SegmentReader> {
    const acknowledged = (await readAcknowledgment(folder, name, names)) ?? nothingAcknowledged();
    const acknowledgments = new AcknowledgmentFile(folder, name, lease, files);
    const file = new SegmentFile(join(folder, name), files);
    return new SegmentReader(name, file, acknowledged, acknowledgments, events);
  }

  /** Whether there is nothing more to read, in a file that gets no longer. */
  get isAtEnd(): boolean {
    return this.#isAtEnd;
  }

  /** How many hits have been read and not taken. */
  get ahead(): number {
    return this.#ahead.length - this.#taken;
  }

  /** The first of them. */
  get head(): SegmentHit | undefined {
    return this.#ahead[this.#taken];
  }

  /** Reads until so many hits wait to be taken; whether the end of the file has been reached. A `final` file gets no longer. */
  async readAhead(hits: number, isFinal: boolean): Promise<boolean> {
    if (!isFinal) this.#isAtEnd = false;
    this.#isReading = true;
    try {
      while (this.ahead < hits) {
        if (this.#isAtEnd) return true;
        const next = this.#position + this.#rest.length;
        if (next >= this.#end && !isFinal) return true;
        const chunk = await this.#file.read(next);
        if (chunk.length === 0) {
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

  /** Takes lines of which is known what is in them, as many as `most`, where they come next. */
  feed(start: number, lines: readonly Buffer[], hits: readonly Hit[], most: number): void {
    this.#end = lines.reduce((end, { length }) => end + length, start);
    if (this.#isReading || this.#rest.length > 0 || this.#position !== start) return;
    for (const [i, line] of lines.entries()) {
      if (i >= most) return;
      this.#addHit(storedIn(line, hits[i] as Hit), line.length);
    }
  }

  /** How many hits have neither been acknowledged nor read so far, in a file that gets no longer. */
  async countUnread(): Promise<number> {
    let count = 0;
    let position = this.#position;
    let rest: Buffer = Buffer.alloc(0);
    for (;;) {
      const chunk = await this.#file.read(position + rest.length);
      const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let start = 0;
      for (let end = data.indexOf(LINE_FEED); end >= 0; end = data.indexOf(LINE_FEED, start)) {
        if (!this.decisions.wasAcknowledged(position + start) && isWhole(data.subarray(start, end)))
          count += 1;
        start = end + 1;
      }
      position += start;
      rest = data.subarray(start);
      if (chunk.length === 0) return count + (isWhole(rest) ? 1 : 0);
    }
  }

  take(): SegmentHit | undefined {
    const { head } = this;
    if (!head) return undefined;
    this.#ahead[this.#taken] = undefined; // an array that is outgrown keeps nothing for the garbage collector
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
    const hit = this.#skipsLine ? undefined : readLine(line);
    this.#skipsLine = false;
    if (!hit && line.length > 0) this.#events.broken(this.name);
    if (hit) this.#addHit(hit, length);
    else this.#position += length;
  }

  #addHit(stored: StoredHit, length: number): void {
    const start = this.#position;
    this.#position += length;
    if (this.decisions.wasAcknowledged(start)) return;
    const hit = new SegmentHit(stored, this, start, this.#position);
    this.decisions.add(hit);
    this.#ahead.push(hit);
  }
}

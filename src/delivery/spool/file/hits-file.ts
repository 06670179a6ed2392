import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { isWhole, readLine, toJournalHit } from '../hit-line.js';
import type { HitLine, JournalEvents, JournalHit, Segment } from '../journal.js';
import {
  appendToOwnFile,
  openOwnFile,
  readOwnFile,
  unlessMissing,
  unlinkIfThere,
} from './own-files.js';

const CHUNK_BYTES = 65_536;
const LINE_FEED = 10;
const TO_APPEND = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY;

export const HITS: RegExp = /^\d{6,}\.hits$/;

/** Bytes of a file, from the start of a line to the end of one. */
type Range = readonly [from: number, to: number];

/**
 * A file with hits, and beside it the ranges of lines that have a result:
 *
 *     000001.hits   one hit per line
 *     000001.done   0-1532
 *                   1532-2980
 *
 * A range begins with its line feed, so that one that was not written completely does not damage the next one. The file is deleted when every line has a result and nothing is appended any more.
 */
export class HitsFile implements Segment {
  startSeconds: number = Number.POSITIVE_INFINITY;
  unread = 0;
  /** Hits without a result. */
  open = 0;
  /** Bytes that belong to this process. A process that stood still may append to a file that was taken over. */
  size: number;
  /** `false` until `count` has read a file that was taken over. */
  isCounted: boolean;
  readonly path: string;
  readonly #donePath: string;
  readonly #events: JournalEvents;
  #position = 0;
  #isFinal = false;
  /** The file with ranges, open until nothing is appended any more: each bulk adds one. */
  #ranges: FileHandle | undefined;
  /** Ranges that had a result when the file was taken over. */
  #done: readonly Range[] = [];

  /** `size`: that of a file that was taken over. */
  constructor(path: string, events: JournalEvents, size?: number) {
    this.path = path;
    this.size = size ?? 0;
    this.isCounted = size === undefined;
    this.#donePath = donePathOf(path);
    this.#events = events;
  }

  /** Counts the hits of a file that was taken over. */
  async count(): Promise<void> {
    const { done, lines } = await readLines(this.path, this.size);
    this.#done = done;
    const pending = lines.filter(({ isPending }) => isPending);
    if (pending[0]) this.startSeconds = readLine(pending[0].line)?.startSeconds ?? 0;
    this.open = pending.length;
    this.unread = pending.length;
    this.#isFinal = true;
    this.isCounted = true;
  }

  /** These lines were appended. Returns the hits as read, if `keeps` and everything before them was read. */
  append(lines: readonly HitLine[], keeps: boolean): readonly JournalHit[] {
    const isNext = keeps && this.#position === this.size;
    if (this.size === 0) this.startSeconds = lines[0]?.hit.startSeconds ?? 0;
    const hits = lines.map(({ hit, line }) => {
      const from = this.size;
      this.size += line.length;
      return toJournalHit(hit, line, this, from, this.size);
    });
    this.open += hits.length;
    if (isNext) this.#position = this.size;
    else this.unread += hits.length;
    return isNext ? hits : [];
  }

  async read(): Promise<readonly JournalHit[]> {
    const hits: JournalHit[] = [];
    while (hits.length === 0 && this.unread > 0) {
      if (this.#position < this.size && (await this.#readChunk(hits))) continue;
      this.#events.lost(this.unread); // the file was deleted or cut
      this.open -= this.unread;
      this.unread = 0;
    }
    return hits;
  }

  async markDecided(hits: readonly JournalHit[]): Promise<void> {
    if (this.#isFinal && hits.length === this.open) {
      await this.#delete(); // also if the disk has no room for another line
    } else {
      this.#ranges ??= await openOwnFile(this.#donePath, TO_APPEND);
      await this.#ranges.writeFile(toRanges(hits)).catch(async (error: unknown) => {
        await this.#closeRanges();
        throw error;
      });
      if (this.#isFinal) await this.#closeRanges();
    }
    this.open -= hits.length;
  }

  markDecidedAtExit(hits: readonly JournalHit[]): boolean {
    try {
      appendToOwnFile(this.#donePath, TO_APPEND, toRanges(hits));
      return true;
    } catch {
      return false;
    }
  }

  /** Nothing is appended any more. */
  async finish(): Promise<void> {
    this.#isFinal = true;
    await this.#closeRanges();
  }

  async #closeRanges(): Promise<void> {
    const ranges = this.#ranges;
    this.#ranges = undefined;
    await ranges?.close().catch(() => undefined);
  }

  /** Returns whether the file is deleted. */
  async deleteIfDone(): Promise<boolean> {
    if (this.open > 0 || !this.#isFinal) return false;
    await this.#delete();
    return true;
  }

  async #delete(): Promise<void> {
    await this.#closeRanges();
    await unlinkIfThere(this.path);
    await unlinkIfThere(this.#donePath);
  }

  /** Reads the next lines. Returns `false` at the end. */
  async #readChunk(hits: JournalHit[]): Promise<boolean> {
    let data = await this.#readBytes(CHUNK_BYTES);
    if (!data.includes(LINE_FEED)) data = await this.#readBytes(this.size - this.#position);
    if (data.length === 0) return false;
    const start = this.#position;
    const isLast = start + data.length >= this.size;
    for (const [from, to, isEnded] of linesOf(data)) {
      if (!isEnded && !isLast) break;
      const next = start + to + (isEnded ? 1 : 0);
      this.#position = next;
      if (isIn(this.#done, start + from)) continue;
      const line = data.subarray(from, to);
      const hit = readLine(line);
      if (hit) hits.push({ ...hit, segment: this, from: start + from, to: next });
      else this.#skip(isEnded ? 1 : 0);
    }
    this.unread -= hits.length;
    if (this.#position === start) this.#position += data.length;
    return true;
  }

  /** A line is damaged, or unfinished and was never counted. */
  #skip(counted: number): void {
    this.unread -= counted;
    this.open -= counted;
    this.#events.damaged(this.path, counted);
  }

  async #readBytes(most: number): Promise<Buffer> {
    const file = await openOwnFile(this.path, constants.O_RDONLY).catch(unlessMissing);
    if (!file) return Buffer.alloc(0);
    try {
      const bytes = Math.min(most, this.size - this.#position);
      const buffer = Buffer.allocUnsafe(bytes);
      const { bytesRead } = await file.read(buffer, 0, bytes, this.#position);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }
}

/** The path of the file with ranges, beside that of the file with hits. */
export function donePathOf(path: string): string {
  return path.replace(/hits$/, 'done');
}

/** Start and end of each line that is not empty, and whether it has a line feed. */
function* linesOf(data: Buffer): Generator<[from: number, to: number, isEnded: boolean]> {
  for (let from = 0; from < data.length; ) {
    const found = data.indexOf(LINE_FEED, from);
    const to = found < 0 ? data.length : found;
    if (to > from) yield [from, to, found >= 0];
    from = to + 1;
  }
}

/** The first `size` bytes of a file: its lines, with their positions, and whether they are hits without a result. */
export async function readLines(path: string, size?: number) {
  const done = await readRanges(donePathOf(path));
  const data = (await readOwnFile(path)).subarray(0, size);
  const lines = [...linesOf(data)].map(([from, to, isEnded]) => {
    const line = data.subarray(from, to);
    return { from, line, isPending: !isIn(done, from) && (isEnded || isWhole(line)) };
  });
  return { done, lines };
}

/** The ranges in a `.done` file, joined; none if there is no file. */
async function readRanges(path: string): Promise<readonly Range[]> {
  const text = String((await readOwnFile(path).catch(unlessMissing)) ?? '');
  const found = [...text.matchAll(/^(\d{1,15})-(\d{1,15})$/gm)];
  const ranges = found.map(([, from, to]) => ({ from: Number(from), to: Number(to) }));
  return joinRanges(ranges.filter(({ from, to }) => from < to)); // the end of one may not be written completely
}

function toRanges(hits: readonly JournalHit[]): string {
  return joinRanges(hits)
    .map(([from, to]) => `\n${from}-${to}`)
    .join('');
}

function joinRanges(parts: readonly { readonly from: number; readonly to: number }[]): Range[] {
  const joined: [number, number][] = [];
  for (const { from, to } of [...parts].sort((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined;
}

/** Whether a line that starts at `from` is in one of the ranges. */
function isIn(ranges: readonly Range[], from: number): boolean {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle] as Range)[1] > from) high = middle;
    else low = middle + 1;
  }
  return (ranges[low]?.[0] ?? Number.POSITIVE_INFINITY) <= from;
}

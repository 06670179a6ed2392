import { constants, writeFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { isWhole, startOf, toJournalHit } from '../hit-line.js';
import {
  type HitLine,
  type JournalHit,
  type JournalLine,
  MAX_READ_HITS,
  type Range,
  type Segment,
} from '../journal.js';
import {
  openOwnFile,
  readOwnFile,
  unlessMissing,
  unlinkIfThere,
  useOwnFileSync,
} from './own-files.js';

const LINE_FEED = 10;
const TO_APPEND = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY;

export const HITS: RegExp = /^\d{6,}\.hits$/;

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
  /** Its path. */
  readonly name: string;
  readonly #donePath: string;
  #position = 0;
  #isFinal = false;
  /** The file with ranges, open until nothing is appended any more: each bulk adds one. */
  #ranges: FileHandle | undefined;

  /** `size`: that of a file that was taken over. */
  constructor(path: string, size?: number) {
    this.name = path;
    this.size = size ?? 0;
    this.isCounted = size === undefined;
    this.#donePath = donePathOf(path);
  }

  /** Counts the hits of a file that was taken over. Returns whether it has unfinished lines. */
  async count(): Promise<boolean> {
    const lines = await readLines(this.name, 0, this.size);
    const pending = lines.filter(isPending);
    this.startSeconds = startOf(pending);
    this.open = pending.length;
    this.unread = pending.length;
    this.#isFinal = true;
    this.isCounted = true;
    return lines.some(({ state }) => state === 'unfinished');
  }

  /** These lines were appended. With `keeps`, returns the hits as read. */
  append(lines: readonly HitLine[], keeps: boolean): readonly JournalHit[] {
    if (this.unread === 0) this.startSeconds = lines[0]?.hit.startSeconds ?? 0;
    const hits = lines.map(({ hit, line }) => {
      const from = this.size;
      this.size += line.length;
      return toJournalHit(hit, line, this, from, this.size);
    });
    this.open += hits.length;
    if (keeps) this.#position = this.size;
    else this.unread += hits.length;
    return keeps ? hits : [];
  }

  async read() {
    const { size, unread } = this; // more may be appended meanwhile
    const left = await readLines(this.name, this.#position, size);
    const lines = left.filter(isPending).slice(0, MAX_READ_HITS);
    const isEnd = lines.length < MAX_READ_HITS;
    const lost = isEnd ? unread - lines.length : 0; // the file was deleted or cut
    this.#position = isEnd ? size : (lines.at(-1)?.to ?? size);
    this.unread -= lines.length + lost;
    this.open -= lost;
    return { lines, lost };
  }

  async markDecided(lines: readonly Range[]): Promise<void> {
    if (this.#isFinal && lines.length === this.open) {
      await this.#delete(); // also if the disk has no room for another line
    } else {
      this.#ranges ??= await openOwnFile(this.#donePath, TO_APPEND);
      await this.#ranges.writeFile(toRanges(lines)).catch(async (error: unknown) => {
        await this.#closeRanges();
        throw error;
      });
      if (this.#isFinal) await this.#closeRanges();
    }
    this.open -= lines.length;
  }

  markDecidedAtExit(lines: readonly Range[]): boolean {
    try {
      useOwnFileSync(this.#donePath, TO_APPEND, (file) => writeFileSync(file, toRanges(lines)));
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
    await unlinkIfThere(this.name);
    await unlinkIfThere(this.#donePath);
  }
}

/** The path of the file with ranges, beside that of the file with hits. */
export function donePathOf(path: string): string {
  return path.replace(/hits$/, 'done');
}

/** A line at `from … to` of a file. An unfinished one was not written completely, and never counted. */
export interface FoundLine extends JournalLine {
  readonly state: 'pending' | 'decided' | 'unfinished';
}

export function isPending({ state }: FoundLine): boolean {
  return state === 'pending';
}

/** The lines of a file from `start` to `end`; none if the file does not exist. */
export async function readLines(path: string, start = 0, end?: number): Promise<FoundLine[]> {
  const done = await readRanges(donePathOf(path));
  const data = ((await readOwnFile(path).catch(unlessMissing)) ?? Buffer.alloc(0)).subarray(0, end);
  const lines: FoundLine[] = [];
  for (let from = start, i = 0; from < data.length; ) {
    const found = data.indexOf(LINE_FEED, from);
    const isEnded = found >= 0;
    const line = data.subarray(from, isEnded ? found : data.length);
    while ((done[i]?.to ?? Number.POSITIVE_INFINITY) <= from) i += 1;
    const isDecided = (done[i]?.from ?? Number.POSITIVE_INFINITY) <= from;
    const open = isEnded || isWhole(line) ? 'pending' : 'unfinished';
    const to = isEnded ? found + 1 : data.length;
    if (line.length > 0) lines.push({ from, to, line, state: isDecided ? 'decided' : open });
    from = to;
  }
  return lines;
}

/** The ranges in a `.done` file, joined; none if there is no file. */
async function readRanges(path: string): Promise<readonly Range[]> {
  const text = String((await readOwnFile(path).catch(unlessMissing)) ?? '');
  const found = [...text.matchAll(/^(\d{1,15})-(\d{1,15})$/gm)];
  const ranges = found.map(([, from, to]) => ({ from: Number(from), to: Number(to) }));
  return joinRanges(ranges.filter(({ from, to }) => from < to)); // the end of one may not be written completely
}

function toRanges(lines: readonly Range[]): string {
  return joinRanges(lines)
    .map(({ from, to }) => `\n${from}-${to}`)
    .join('');
}

function joinRanges(parts: readonly Range[]): readonly Range[] {
  const joined: { from: number; to: number }[] = [];
  for (const { from, to } of [...parts].sort((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else joined.push({ from, to });
  }
  return joined;
}

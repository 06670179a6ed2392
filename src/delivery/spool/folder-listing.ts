import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DESCRIPTION, MissingFolder } from './folder-access.js';
import { type HitsFile, parseName } from './folder-names.js';
import type { SpoolOptions } from './spool-options.js';

/** So many files that can be claimed are known by name. Those after them are listed later. */
const MAX_KNOWN = 1_000;
/** Listing takes at most one part in so many of the time, and so does measuring. */
const PAUSE_FACTOR = 20;
/** What a process knows of a folder: what it has listed there, and what it has done itself since. */
export class FolderListing {
  /** All files with hits. */
  bytes = 0;
  /** Hits that wait. */
  hits = 0;
  /** How many bulks wait that failed more than once. */
  suspects = 0;
  /** Files that wait and are too old, and those of dead processes. */
  expired: HitsFile[] = [];
  dead: HitsFile[] = [];
  /** Another process sends hits. */
  isAnotherSending = false;
  /** Files that can be claimed, in their order. */
  #waiting: HitsFile[] = [];
  /** Files that cannot be read, until sizes are measured again. */
  readonly #skipped = new Set<string>();
  /** When names may be listed again, and sizes measured. */
  #listMillis = Number.NEGATIVE_INFINITY;
  #sizeMillis = Number.NEGATIVE_INFINITY;
  readonly #folder: string;
  readonly #writer: string;
  readonly #options: SpoolOptions;

  constructor(folder: string, writer: string, options: SpoolOptions) {
    this.#folder = folder;
    this.#writer = writer;
    this.#options = options;
  }

  /** Lists the names again, unless that was done a moment ago. Rejects if the folder cannot be listed, or is another one. */
  async refresh(): Promise<void> {
    const { limits, maxAgeMillis, hasToken } = this.#options;
    const start = performance.now();
    if (start < this.#listMillis) return;
    const names = await readdir(this.#folder);
    if (!names.includes(DESCRIPTION)) throw new MissingFolder();
    const others: HitsFile[] = [];
    this.#waiting = [];
    this.suspects = 0;
    this.hits = 0;
    this.expired = [];
    const oldest = Date.now() - maxAgeMillis;
    for (const name of names) {
      const file = parseName(name);
      if (!file || this.#skipped.has(file.id)) continue;
      this.hits += file.lines - file.until;
      const isExpired = file.state === 'hits' && file.millis < oldest;
      if (isExpired) this.expired.push(file);
      else if (file.needsToken && !hasToken) continue;
      else if (file.state === 'sending' || (file.state === 'part' && file.writer !== this.#writer))
        others.push(file);
      else this.#push(file);
    }
    this.#cut();
    await this.#examine(others);
    const end = performance.now();
    this.#listMillis = end + Math.max(limits.listMillis, (end - start) * PAUSE_FACTOR);
    if (end >= this.#sizeMillis) void this.#measure(names);
  }

  /** The file whose hits are next. Those that failed more than once take turns: the one after `last`. */
  next(maxFailures: number, last: HitsFile | undefined): HitsFile | undefined {
    const [first] = this.#waiting;
    if (!first || first.failures > maxFailures) return undefined;
    if (!last || first.failures < 2) return first;
    const isNext = (file: HitsFile) =>
      file.failures <= maxFailures && this.#compare(last, file) < 0;
    return this.#waiting.find(isNext) ?? first;
  }

  /** Hits were stored, or removed again. */
  count(hits: number, bytes: number): void {
    this.hits += hits;
    this.bytes += bytes;
  }

  /** When the oldest hit that waits was stored, in epoch milliseconds. */
  get oldestMillis(): number {
    return this.#waiting.reduce((oldest, { millis }) => Math.min(oldest, millis), Infinity);
  }

  add(file: HitsFile): void {
    const index = this.#waiting.findIndex((other) => this.#compare(file, other) < 0);
    this.#waiting.splice(index < 0 ? this.#waiting.length : index, 0, file);
    if (file.failures > 1) this.suspects += 1;
  }

  remove({ id, failures }: HitsFile): void {
    const index = this.#waiting.findIndex((other) => other.id === id);
    if (index < 0) return;
    this.#waiting.splice(index, 1);
    if (failures > 1) this.suspects -= 1;
  }

  /** Leaves a file alone for a while. */
  skip(file: HitsFile): void {
    this.#skipped.add(file.id);
    this.remove(file);
  }

  #push(file: HitsFile): void {
    if (file.failures > 1) this.suspects += 1;
    this.#waiting.push(file);
    if (this.#waiting.length >= 2 * MAX_KNOWN) this.#cut();
  }

  #cut(): void {
    this.#waiting.sort((a, b) => this.#compare(a, b));
    this.#waiting.length = Math.min(this.#waiting.length, MAX_KNOWN);
  }

  /** Hits that failed least are first, of these own ones, of these the oldest. */
  #compare(a: HitsFile, b: HitsFile): number {
    const isOwn = (file: HitsFile) => Number(file.writer === this.#writer);
    return (
      a.failures - b.failures ||
      isOwn(b) - isOwn(a) ||
      a.millis - b.millis ||
      a.id.length - b.id.length || // the number at its end
      (a.id < b.id ? -1 : 1)
    );
  }

  /** Which of these files belong to dead processes: they have not been touched for too long. A clock that was set back counts, too. */
  async #examine(others: readonly HitsFile[]): Promise<void> {
    const { limits, exportTimeoutMillis } = this.#options;
    this.dead = [];
    this.isAnotherSending = false;
    for (const file of others) {
      const stats = await lstat(join(this.#folder, file.name)).catch(() => undefined);
      if (!stats?.isFile()) continue;
      const isSending = file.state === 'sending';
      const most = limits.deadMillis + (isSending ? exportTimeoutMillis : 0);
      if (Math.abs(Date.now() - stats.mtimeMs) > most) this.dead.push(file);
      else if (isSending && file.sender !== this.#writer) this.isAnotherSending = true;
    }
  }

  /** Not awaited: of many files it takes seconds. */
  async #measure(names: readonly string[]): Promise<void> {
    this.#sizeMillis = Number.POSITIVE_INFINITY;
    this.#skipped.clear();
    const start = performance.now();
    const before = this.bytes;
    let bytes = 0;
    for (const name of names) {
      if (!parseName(name)) continue;
      const stats = await lstat(join(this.#folder, name)).catch(() => undefined);
      if (stats?.isFile()) bytes += stats.size;
    }
    this.bytes += bytes - before;
    const end = performance.now();
    const { sizeMillis } = this.#options.limits;
    this.#sizeMillis = end + Math.max(sizeMillis, (end - start) * PAUSE_FACTOR);
  }
}

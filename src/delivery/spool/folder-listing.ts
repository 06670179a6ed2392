import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FolderFiles } from './folder-files.js';
import { type HitsFile, idOf, parseName } from './folder-names.js';
import { DESCRIPTION } from './folder-setup.js';
import type { SpoolOptions } from './spool-options.js';

/** Listing takes at most one part in so many of the time, and so does measuring. */
const PAUSE_FACTOR = 30;

/** The folder, or all that was in it, was deleted. */
export class MissingFolder extends Error {
  readonly code = 'ENOENT';
}

/** What a process knows of a folder: what it has listed there, and what it has done itself since. */
export class FolderListing {
  /** All files with hits. */
  bytes = 0;
  /** Hits that wait. */
  hits = 0;
  /** How many files wait whose hits failed more than once. */
  suspects = 0;
  /** Files that wait and are too old. */
  expired: HitsFile[] = [];
  /** Another process sends hits. */
  isAnotherSending = false;
  /** Files that can be claimed, and the same in the order in which they are. A folder may have 100,000. */
  readonly #waiting = new Map<string, HitsFile>();
  #sorted: HitsFile[] = [];
  /** Files that cannot be read, until sizes are measured again. */
  readonly #skipped = new Set<string>();
  /** When names may be listed again, and sizes measured. */
  #listMillis = Number.NEGATIVE_INFINITY;
  #sizeMillis = Number.NEGATIVE_INFINITY;
  readonly #files: FolderFiles;
  readonly #options: SpoolOptions;

  constructor(files: FolderFiles, options: SpoolOptions) {
    this.#files = files;
    this.#options = options;
  }

  /** Lists the names, unless that was done a moment ago. Rejects if the folder cannot be listed, or is another one. */
  async refresh(isForced = false): Promise<void> {
    const { limits, maxAgeMillis, hasToken } = this.#options;
    const start = performance.now();
    if (start < this.#listMillis && !isForced) return;
    const names = await readdir(this.#files.folder);
    if (!names.includes(DESCRIPTION)) throw new MissingFolder();
    this.#waiting.clear();
    this.hits = 0;
    this.expired = [];
    this.isAnotherSending = false;
    const oldest = Date.now() - maxAgeMillis;
    for (const name of names) {
      const file = parseName(name);
      if (!file || this.#skipped.has(idOf(file))) continue;
      this.hits += file.lines - file.until;
      const isOwn = file.sender === this.#files.id;
      if (this.#isInUse(file)) this.isAnotherSending ||= file.state === 'sending' && !isOwn;
      else if (file.millis < oldest) this.expired.push(file);
      else if (hasToken || !file.needsToken) this.#waiting.set(idOf(file), file);
    }
    this.#sorted = [...this.#waiting.values()].sort((a, b) => this.#compare(a, b));
    this.suspects = this.#sorted.length - this.#indexAfter(({ failures }) => failures <= 1);
    const end = performance.now();
    this.#listMillis = end + Math.max(limits.listMillis, (end - start) * PAUSE_FACTOR);
    if (end >= this.#sizeMillis) void this.#measure(names);
  }

  /** Whether a process appends to a file, or sends it, and lives. Its clock may be set back. */
  #isInUse({ state, writer, activeMillis }: HitsFile): boolean {
    const { limits, exportTimeoutMillis } = this.#options;
    if (state === 'hits' || (state === 'part' && writer === this.#files.id)) return false;
    const most = limits.deadMillis + (state === 'sending' ? exportTimeoutMillis : 0);
    return Math.abs(Date.now() - activeMillis) <= most;
  }

  /** The file whose hits are next. Those that failed more than once take turns: the one after `last`. */
  next(maxFailures: number, last: HitsFile | undefined): HitsFile | undefined {
    const [first] = this.#sorted;
    if (!first || first.failures > maxFailures) return undefined;
    if (first.failures <= 1 || !last) return first;
    const following = this.#sorted[this.#indexAfter((file) => this.#compare(file, last) <= 0)];
    return following && following.failures <= maxFailures ? following : first;
  }

  /** The index of the first file that does not come so early. */
  #indexAfter(isBefore: (file: HitsFile) => boolean): number {
    let [from, to] = [0, this.#sorted.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (isBefore(this.#sorted[middle] as HitsFile)) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  /** Hits that failed least are first, of these own ones, of these the oldest. */
  #compare(a: HitsFile, b: HitsFile): number {
    const isOwn = ({ writer }: HitsFile) => Number(writer === this.#files.id);
    return (
      a.failures - b.failures ||
      isOwn(b) - isOwn(a) ||
      a.millis - b.millis ||
      a.number - b.number ||
      Number(a.writer > b.writer) - Number(a.writer < b.writer)
    );
  }

  /** Whether hits wait that can be sent at once. */
  get hasWaiting(): boolean {
    return this.#waiting.size > this.suspects;
  }

  /** When the oldest hit that waits was stored, in epoch milliseconds. */
  get oldestMillis(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const { millis } of this.#waiting.values()) oldest = Math.min(oldest, millis);
    return oldest;
  }

  /** Adds a file that can be claimed, or its new name. */
  add(file: HitsFile): void {
    this.remove(file);
    this.#waiting.set(idOf(file), file);
    const index = this.#indexAfter((other) => this.#compare(other, file) < 0);
    this.#sorted.splice(index, 0, file);
    if (file.failures > 1) this.suspects += 1;
  }

  remove(file: HitsFile): void {
    const known = this.#waiting.get(idOf(file));
    if (!known) return;
    this.#waiting.delete(idOf(file));
    const index = this.#indexAfter((other) => this.#compare(other, known) < 0);
    this.#sorted.splice(index, 1);
    if (known.failures > 1) this.suspects -= 1;
  }

  /** Leaves a file alone for a while. */
  skip(file: HitsFile): void {
    this.#skipped.add(idOf(file));
    this.remove(file);
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
      const stats = await lstat(join(this.#files.folder, name)).catch(() => undefined);
      if (stats?.isFile()) bytes += stats.size;
    }
    this.bytes += bytes - before;
    const end = performance.now();
    const { sizeMillis } = this.#options.limits;
    this.#sizeMillis = end + Math.max(sizeMillis, (end - start) * PAUSE_FACTOR);
  }
}

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

/** Files with hits. A folder may have 100,000. */
const newLists = () => ({
  /** Those that can be claimed, in their order. */
  waiting: [] as HitsFile[],
  /** The same of hits that failed more than once. */
  suspects: [] as HitsFile[],
  /** Those that are too old. */
  expired: [] as HitsFile[],
  /** Those that other processes use, or that need a token. */
  others: [] as HitsFile[],
});

/** What a process knows of a folder: what it has listed there, and what it has done itself since. */
export class FolderListing {
  /** All files with hits. */
  bytes = 0;
  #lists = newLists();
  #lastSuspect: HitsFile | undefined;
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
    const start = performance.now();
    if (start < this.#listMillis && !isForced) return;
    const names = await readdir(this.#files.folder);
    if (!names.includes(DESCRIPTION)) throw new MissingFolder();
    this.#lists = newLists();
    for (const name of names) {
      const file = parseName(name);
      if (file && !this.#skipped.has(idOf(file))) this.#listOf(file)?.push(file);
    }
    const { waiting, suspects } = this.#lists;
    for (const files of [waiting, suspects]) files.sort((a, b) => this.#compare(a, b));
    const end = performance.now();
    const { listMillis } = this.#options.limits;
    this.#listMillis = end + Math.max(listMillis, (end - start) * PAUSE_FACTOR);
    if (end >= this.#sizeMillis) void this.#measure(names);
  }

  /** `undefined` for the file of the open claim. */
  #listOf(file: HitsFile): HitsFile[] | undefined {
    const { maxAgeMillis, hasToken } = this.#options;
    const { waiting, suspects, expired, others } = this.#lists;
    if (this.#isInUse(file)) return file.sender === this.#files.id ? undefined : others;
    if (file.millis < Date.now() - maxAgeMillis) return expired;
    if (file.needsToken && !hasToken) return others;
    return file.failures > 1 ? suspects : waiting;
  }

  /** Whether a process appends to a file, or sends it, and lives. Its clock may be set back. */
  #isInUse({ state, writer, activeMillis }: HitsFile): boolean {
    const { limits, exportTimeoutMillis } = this.#options;
    if (state === 'hits' || (state === 'part' && writer === this.#files.id)) return false;
    const most = limits.deadMillis + (state === 'sending' ? exportTimeoutMillis : 0);
    return Math.abs(Date.now() - activeMillis) <= most;
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

  /** The file whose hits are next. Those that failed more than once take turns. */
  next(maxFailures: number): HitsFile | undefined {
    const [first] = this.#lists.waiting;
    if (first) return first.failures <= maxFailures ? first : undefined;
    const { suspects } = this.#lists;
    const [suspect] = suspects;
    if (!suspect || suspect.failures > maxFailures) return undefined;
    const last = this.#lastSuspect;
    const following = last && suspects.find((file) => this.#compare(file, last) > 0);
    const isNext = following !== undefined && following.failures <= maxFailures;
    this.#lastSuspect = isNext ? following : suspect;
    return this.#lastSuspect;
  }

  /** A file that is too old, once. */
  nextExpired(): HitsFile | undefined {
    return this.#lists.expired.pop();
  }

  /** Another process sends hits. */
  get isAnotherSending(): boolean {
    return this.#lists.others.some(({ state }) => state === 'sending');
  }

  /** Whether hits wait that can be sent at once. */
  get hasWaiting(): boolean {
    return this.#lists.waiting.length > 0;
  }

  /** How many files wait whose hits failed more than once. */
  get suspects(): number {
    return this.#lists.suspects.length;
  }

  /** Hits that wait, but for those in the file of the open claim. */
  get hits(): number {
    const files = Object.values(this.#lists).flat();
    return files.reduce((sum, { lines, until }) => sum + lines - until, 0);
  }

  /** When the oldest hit that waits was stored, in epoch milliseconds. */
  get oldestMillis(): number {
    const files = [...this.#lists.waiting, ...this.#lists.suspects];
    return files.reduce((oldest, { millis }) => Math.min(oldest, millis), Infinity);
  }

  /** Adds a file that can be claimed, or its new name. */
  add(file: HitsFile): void {
    this.#replace(file, [file]);
  }

  remove(file: HitsFile): void {
    this.#replace(file, []);
  }

  /** Files that are claimed are among the first, so that their place is found at once. */
  #replace(file: HitsFile, by: readonly HitsFile[]): void {
    const files = this.#listOf(file) ?? [];
    const index = files.findIndex((other) => this.#compare(other, file) >= 0);
    const known = files[index];
    const isKnown = known !== undefined && this.#compare(known, file) === 0;
    files.splice(index < 0 ? files.length : index, isKnown ? 1 : 0, ...by);
  }

  /** Leaves a file alone for a while. */
  skip(file: HitsFile): void {
    this.#skipped.add(idOf(file));
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

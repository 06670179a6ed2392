import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../../common/describe-error.js';
import type { Hit } from '../../hit/hit.js';
import { bytesOf } from '../bulk.js';
import { ForeignFile, isMissing, isTaken, moveOwn, readOwn, statOwn } from './folder-access.js';
import type { FolderListing } from './folder-listing.js';
import { type HitsFile, toSending, toWaiting } from './folder-names.js';
import { readLine } from './hit-line.js';
import type { SpoolLog } from './spool-log.js';
import type { SpoolOptions } from './spool-options.js';

const LINE_FEED = 10;
const FOREIGN = 'is a link, not a regular file, or owned by another user. It is not read.';

/** Hits of a file that this process has claimed. */
export interface Taken {
  readonly file: HitsFile;
  readonly hits: readonly Hit[];
  /** How many lines among them are damaged. */
  readonly damaged: number;
  /** Where the file goes when these hits have results; `undefined` if none are left. */
  readonly next: HitsFile | undefined;
  readonly bytes: number;
}

/** Claims the files of a folder. */
export class FolderReader {
  readonly #folder: string;
  readonly #id: string;
  readonly #options: SpoolOptions;
  readonly #listing: FolderListing;
  readonly #log: SpoolLog;
  /** The file that was read last: it usually has several bulks. */
  #read: { readonly key: string; readonly lines: readonly (Hit | undefined)[] } | undefined;

  constructor(
    folder: string,
    id: string,
    options: SpoolOptions,
    listing: FolderListing,
    log: SpoolLog,
  ) {
    this.#folder = folder;
    this.#id = id;
    this.#options = options;
    this.#listing = listing;
    this.#log = log;
  }

  /** Claims at most so many hits of a file. `undefined` if another process was faster, or the file cannot be read. */
  async take(file: HitsFile, most: number): Promise<Taken | undefined> {
    this.#listing.remove(file);
    const found = await this.#find(file);
    if (!found) return undefined;
    const { lines, bytes } = found;
    const { hits, until } = this.#choose(lines, file.done, most);
    const sending = toSending(file, until, this.#id);
    try {
      await this.touch(file);
      if (!(await this.move(file, sending))) return undefined;
    } catch (error) {
      if (isTaken(error)) return undefined;
      this.#listing.add(file);
      throw error;
    }
    const next = until < file.lines ? toWaiting(file, until) : undefined;
    return { file: sending, hits, damaged: until - file.done - hits.length, next, bytes };
  }

  /** The hits of the next bulk, and the line after it. */
  #choose(lines: readonly (Hit | undefined)[], from: number, most: number) {
    const { maxBodyBytes } = this.#options.limits;
    const hits: Hit[] = [];
    let bytes = 0;
    let until = from;
    for (; until < lines.length; until++) {
      const hit = lines[until];
      if (!hit) continue;
      bytes += bytesOf(hit);
      if (hits.length === most || (hits.length > 0 && bytes > maxBodyBytes)) break;
      hits.push(hit);
    }
    return { hits, until };
  }

  /** A file of a dead process waits again, but what that was sending has an unknown result. */
  async release(file: HitsFile): Promise<void> {
    const { counts, resendUnconfirmed } = this.#options;
    if (file.state === 'part' || resendUnconfirmed) {
      await this.#waitAgain(file, file.done);
      return;
    }
    const found = await this.#find(file);
    if (!found) return;
    const sent = found.lines.slice(file.done, file.until);
    if (!(await this.#waitAgain(file, file.until))) return;
    const hits = sent.filter((hit) => hit !== undefined).length;
    counts.claimed += hits;
    counts.lost.unconfirmed += hits;
    if (hits > 0) this.#log.addUnconfirmed(hits);
    this.countDamaged(file, sent.length - hits);
  }

  async #waitAgain(file: HitsFile, done: number): Promise<boolean> {
    const waiting = toWaiting(file, done);
    const isOurs = await this.move(file, waiting);
    if (isOurs) this.#listing.add(waiting);
    return isOurs;
  }

  countDamaged({ name }: HitsFile, lines: number): void {
    if (lines === 0) return;
    const { counts } = this.#options;
    counts.claimed += lines;
    counts.lost.spool += lines;
    this.#log.addDamaged(name, lines);
  }

  /** Shows other processes that this one is alive. Rejects if the file is gone. */
  touch({ name }: HitsFile): Promise<void> {
    const now = Date.now() / 1000;
    return utimes(join(this.#folder, name), now, now);
  }

  /** Renames a file, or deletes it. Resolves with `false` if it is gone. */
  move({ name }: HitsFile, to: HitsFile | undefined): Promise<boolean> {
    return moveOwn(join(this.#folder, name), to && join(this.#folder, to.name));
  }

  /** The lines of a file; `undefined` if it is gone, or cannot be read. */
  async #find(file: HitsFile) {
    const path = join(this.#folder, file.name);
    try {
      const stats = await statOwn(path);
      if (!stats) return undefined;
      const key = `${file.id} ${file.lines}`;
      if (this.#read?.key !== key)
        this.#read = { key, lines: toHits(await readOwn(path), file.lines) };
      return { lines: this.#read.lines, bytes: stats.size };
    } catch (error) {
      if (isMissing(error)) return undefined;
      this.#listing.skip(file);
      if (error instanceof ForeignFile) this.#log.addSkipped('spool-owner', file.name, FOREIGN);
      else this.#log.addSkipped('spool-not-read', file.name, `cannot be read (${codeOf(error)}).`);
      return undefined;
    }
  }
}

/** The hits in so many lines; `undefined` for one that is damaged, or missing. */
function toHits(data: Buffer, lines: number): (Hit | undefined)[] {
  const hits: (Hit | undefined)[] = [];
  for (let from = 0; hits.length < lines; ) {
    const found = data.indexOf(LINE_FEED, from);
    const to = found < 0 ? data.length : found;
    hits.push(to > from ? readLine(data.subarray(from, to)) : undefined);
    from = to + 1;
  }
  return hits;
}

import type { FileHandle } from 'node:fs/promises';
import type { Hit } from '../../hit/hit.js';
import type { PendingHits } from '../store.js';
import type { FolderDisk } from './folder-disk.js';
import type { FolderFiles } from './folder-files.js';
import { type FolderListing, MissingFolder } from './folder-listing.js';
import { type HitsFile, idOf, toWaiting } from './folder-names.js';
import { toLines } from './hit-line.js';
import type { SpoolOptions } from './spool-options.js';

/** The limit of the option is reached. */
class FullFolder extends Error {
  readonly code = 'maxSpoolBytes is reached';
}

/** The file to which hits are appended. It is not open in between, so that it can be renamed. */
interface Part {
  file: HitsFile;
  bytes: number;
  /** When it was begun, on the monotonic clock. */
  readonly sinceMillis: number;
}

/** Hits that are appended to a file. */
interface Append {
  readonly part: Part;
  /** The file with their lines. */
  readonly file: HitsFile;
  readonly hits: readonly Hit[];
  readonly bytes: number;
}

/** Hits that get a file of their own, which is as old as the one that they came from. */
interface KeptHits extends PendingHits {
  readonly source: Pick<HitsFile, 'millis' | 'needsToken'>;
}

/** Writes the files of one process. Lines are stored when the name of their file says so. */
export class FolderWriter {
  /** Hits that are written as soon as that is possible. */
  readonly kept: KeptHits[] = [];
  #part: Part | undefined;
  /** What is being written. */
  #append: Append | undefined;
  /** The file in which the first of what is kept is being written. */
  #keeping: HitsFile | undefined;
  #number = 0;
  readonly #files: FolderFiles;
  readonly #options: SpoolOptions;
  readonly #listing: FolderListing;
  readonly #disk: FolderDisk;

  constructor(files: FolderFiles, options: SpoolOptions, listing: FolderListing, disk: FolderDisk) {
    this.#files = files;
    this.#options = options;
    this.#listing = listing;
    this.#disk = disk;
  }

  get keptHits(): number {
    return this.kept.reduce((sum, { hits }) => sum + hits.length, 0);
  }

  /** Stores hits. Rejects if there is no room for them, or if that fails: then none is stored. */
  async append(hits: readonly Hit[]): Promise<Append> {
    const data = toLines(hits);
    if (this.#listing.bytes + data.length > this.#options.maxBytes) throw new FullFolder();
    if (this.#isFull) await this.finish();
    const appended = this.#part && (await this.#appendTo(this.#part, hits, data));
    if (appended) return appended;
    // There is none, or another process has taken it for a dead one's.
    const { hasToken: needsToken } = this.#options;
    const file = this.#begin({ failures: 0, millis: Date.now(), needsToken });
    const part = { file, bytes: 0, sinceMillis: performance.now() };
    const begun = await this.#appendTo(part, hits, data);
    if (!begun) throw new MissingFolder();
    return begun;
  }

  /** Resolves with `undefined` if the file is gone. */
  async #appendTo(part: Part, hits: readonly Hit[], data: Buffer): Promise<Append | undefined> {
    const file = withLines(part.file, hits.length);
    const append = { part, file, hits, bytes: data.length };
    const isNew = part !== this.#part;
    const handle = await (isNew ? this.#files.create(part.file) : this.#files.open(part.file));
    this.#part = part;
    this.#append = append;
    try {
      if (handle) await writeLines(handle, data, part.bytes);
      if (handle && (await this.#commit(append, file, 1))) return append;
      this.forget(part.file);
      this.#listing.remove(part.file);
      return undefined;
    } finally {
      this.#append = undefined;
    }
  }

  /** Removes again what was stored last. */
  async undo(append: Append): Promise<void> {
    const file = withLines(append.part.file, -append.hits.length);
    await this.#commit(append, file, -1);
  }

  /** Says in the name of a file that lines were added or removed. Resolves with `false` if it is gone. */
  async #commit({ part, bytes }: Append, file: HitsFile, sign: 1 | -1): Promise<boolean> {
    if (!(await this.#files.move(part.file, file))) return false;
    part.file = file;
    part.bytes += sign * bytes;
    this.#listing.add(file);
    this.#listing.bytes += sign * bytes;
    return true;
  }

  /** A new file. */
  #begin(file: Pick<HitsFile, 'failures' | 'millis' | 'needsToken'>): HitsFile {
    const { failures, millis, needsToken } = file;
    this.#number += 1;
    return {
      ...{ failures, millis, writer: this.#files.id, number: this.#number, needsToken },
      ...{ state: 'part', done: 0, until: 0, lines: 0, sender: '', activeMillis: Date.now() },
    };
  }

  get #isFull(): boolean {
    if (!this.#part) return false;
    const { file, bytes, sinceMillis } = this.#part;
    const { maxFileHits, maxFileBytes, fileMillis } = this.#options.limits;
    const isOld = performance.now() - sinceMillis >= fileMillis;
    return isOld || file.lines >= maxFileHits || bytes >= maxFileBytes;
  }

  /** Nothing is appended to this file any more, if it is the current one. */
  forget(file: HitsFile): void {
    if (this.#part && idOf(this.#part.file) === idOf(file)) this.#part = undefined;
  }

  /** Other processes can claim the current file. */
  async finish(): Promise<void> {
    if (!this.#part) return;
    const { file } = this.#part;
    this.#part = undefined;
    this.#listing.remove(file);
    const finished = toWaiting(file, 0);
    if (await this.#files.move(file, finished)) this.#listing.add(finished);
  }

  /** Keeps hits of a claim, which has ended. */
  keep(all: readonly PendingHits[], source: KeptHits['source']): void {
    for (const { hits, failures } of all)
      if (hits.length > 0) this.kept.push({ hits, failures, source });
  }

  /** Writes what is kept, as far as that is possible. */
  async writeKept(): Promise<void> {
    for (let kept = this.kept[0]; kept; kept = this.kept[0]) {
      const file = this.#begin({ ...kept.source, failures: kept.failures });
      const written = toWaiting(withLines(file, kept.hits.length), 0);
      const data = toLines(kept.hits);
      try {
        const handle = await this.#files.create(file);
        this.#keeping = file;
        await writeLines(handle, data, 0);
        if (!(await this.#files.move(file, written))) continue; // another process took it for that of a dead one
      } catch (error) {
        this.#disk.fail('store', error);
        await this.#files.move(file, undefined).catch(() => undefined);
        return;
      } finally {
        this.#keeping = undefined;
      }
      this.#listing.add(written);
      this.#listing.bytes += data.length;
      this.#options.counts.stored += kept.hits.length;
      this.kept.shift();
    }
  }

  /** At the event `exit`, the same at once, but for what another thread has written meanwhile. */
  writeKeptNow(): void {
    const keeping = this.#keeping;
    this.#keeping = undefined;
    if (keeping && !this.#files.moveNow(keeping, undefined)) {
      const written = this.kept.shift();
      this.#options.counts.stored += written?.hits.length ?? 0;
    }
    for (let kept = this.kept[0]; kept; kept = this.kept[0]) {
      const file = this.#begin({ ...kept.source, failures: kept.failures });
      try {
        this.#files.createNow(file, toLines(kept.hits));
        const written = toWaiting(withLines(file, kept.hits.length), 0);
        if (!this.#files.moveNow(file, written)) continue;
      } catch (error) {
        this.#disk.fail('store', error);
        return;
      }
      this.#options.counts.stored += kept.hits.length;
      this.kept.shift();
    }
  }

  /**
   * At the event `exit`, finishes the current file, and returns the hits that another thread has appended to it meanwhile. What it appends is
   * stored by a rename of the old name: if this one is first, that one fails.
   */
  finishNow(): readonly Hit[] {
    const [part, append] = [this.#part, this.#append];
    this.#part = undefined;
    if (!part || this.#files.moveNow(part.file, toWaiting(part.file, 0)) || !append) return [];
    return this.#files.moveNow(append.file, toWaiting(append.file, 0)) ? append.hits : [];
  }
}

function withLines(file: HitsFile, more: number): HitsFile {
  return { ...file, lines: file.lines + more, activeMillis: Date.now() };
}

/** Writes and closes. If that fails, the file is cut back, to make room. */
async function writeLines(handle: FileHandle, data: Buffer, start: number): Promise<void> {
  try {
    for (let written = 0; written < data.length; ) {
      const left = data.length - written;
      written += (await handle.write(data, written, left, start + written)).bytesWritten;
    }
    await handle.datasync();
  } catch (error) {
    await handle.truncate(start).catch(() => undefined);
    throw error;
  } finally {
    await handle.close().catch(() => undefined);
  }
}

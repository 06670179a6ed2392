import { renameSync, statSync } from 'node:fs';
import { constants, type FileHandle, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hit } from '../../hit/hit.js';
import {
  createOwn,
  isMissing,
  MissingFolder,
  moveOwn,
  openOwn,
  writeNow,
} from './folder-access.js';
import type { FolderListing } from './folder-listing.js';
import { type HitsFile, toNew, toPart, toWaiting } from './folder-names.js';
import { toLines } from './hit-line.js';
import type { SpoolOptions } from './spool-options.js';

/** How many files are begun for the same hits, if each is gone at once. */
const MAX_TRIES = 3;
/** Interval for checking whether a write of another thread has ended. */
const SIZE_POLL_MILLIS = 5;

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
  readonly hits: readonly Hit[];
  readonly data: Buffer;
}

/** Writes the files of one process. Lines are stored when the name of their file says so. */
export class FolderWriter {
  /** Nothing can be sent: then fewer and larger files are better. */
  hasFailed = false;
  #part: Part | undefined;
  /** What is being written. */
  #append: Append | undefined;
  #number = 0;
  readonly #folder: string;
  readonly #id: string;
  readonly #options: SpoolOptions;
  readonly #listing: FolderListing;

  constructor(folder: string, id: string, options: SpoolOptions, listing: FolderListing) {
    this.#folder = folder;
    this.#id = id;
    this.#options = options;
    this.#listing = listing;
  }

  /** Stores as many of these hits as there is room for in a file and in so many bytes. Resolves with `undefined` if it is none. */
  async append(hits: readonly Hit[], room: number): Promise<Append | undefined> {
    const { maxFileHits, maxFileBytes } = this.#options.limits;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      if (this.#isFinished) await this.finish();
      const part = this.#part ?? this.#begin();
      const lines = toLines(hits.slice(0, maxFileHits - part.file.lines));
      let count = 0;
      let bytes = 0;
      for (const { length } of lines) {
        if (bytes + length > room || part.bytes + bytes >= maxFileBytes) break;
        bytes += length;
        count += 1;
      }
      if (count === 0) return undefined;
      const data = Buffer.concat(lines.slice(0, count));
      const append = { part, hits: hits.slice(0, count), data };
      try {
        if ((await this.#write(append)) && (await this.#commit(append, 1))) return append;
      } finally {
        this.#append = undefined;
      }
      // Another process has taken it for a dead one's.
      this.forget(part.file);
      this.#listing.remove(part.file);
    }
    throw new MissingFolder();
  }

  /** Removes again what was stored last. */
  async undo(append: Append): Promise<void> {
    await this.#commit(append, -1);
  }

  /** Says in the name of a file that lines were added or removed. Resolves with `false` if it is gone. */
  async #commit({ part, hits, data }: Append, sign: 1 | -1): Promise<boolean> {
    const file = toPart(part.file, part.file.lines + sign * hits.length);
    if (!(await moveOwn(this.#pathOf(part.file), this.#pathOf(file)))) return false;
    this.#listing.remove(part.file);
    this.#listing.add(file);
    this.#listing.count(sign * hits.length, sign * data.length);
    this.#append = undefined;
    part.file = file;
    part.bytes += sign * data.length;
    return true;
  }

  /** A new file, of hits that have not failed or for some that came from another file. */
  #begin(source?: HitsFile, failures = 0): Part {
    const { millis = Date.now(), needsToken = this.#options.hasToken } = source ?? {};
    this.#number += 1;
    const file = toNew({ failures, millis, writer: this.#id, needsToken }, this.#number);
    return { file, bytes: 0, sinceMillis: performance.now() };
  }

  /** Resolves with `false` if the file is gone. */
  async #write(append: Append): Promise<boolean> {
    const { part, data } = append;
    const path = this.#pathOf(part.file);
    const isNew = part !== this.#part;
    const opened = isNew ? createOwn(path) : openOwn(path, constants.O_WRONLY);
    const handle = await opened.catch((error: unknown) => {
      if (isNew || !isMissing(error)) throw error;
    });
    if (!handle) return false;
    this.#part = part;
    this.#append = append;
    try {
      await writeAll(handle, data, part.bytes);
      await handle.datasync();
      return true;
    } catch (error) {
      await handle.truncate(part.bytes).catch(() => this.forget(part.file)); // to make room
      if (part.bytes === 0) {
        this.forget(part.file);
        await unlink(path).catch(() => undefined);
      }
      throw error;
    } finally {
      await handle.close().catch(() => undefined);
    }
  }

  get #isFinished(): boolean {
    if (!this.#part) return false;
    const { file, bytes, sinceMillis } = this.#part;
    const { maxFileHits, maxFileBytes, fileMillis, idleFileMillis } = this.#options.limits;
    const maxMillis = this.hasFailed ? idleFileMillis : fileMillis;
    const isFull = file.lines >= maxFileHits || bytes >= maxFileBytes;
    return isFull || performance.now() - sinceMillis >= maxMillis;
  }

  /** Nothing is appended to this file any more, if it is the current one. */
  forget({ id }: HitsFile): void {
    if (this.#part?.file.id === id) this.#part = undefined;
  }

  /** Other processes can claim the current file. */
  async finish(): Promise<void> {
    if (!this.#part) return;
    const { file } = this.#part;
    const finished = toWaiting(file, 0);
    const isOurs = await moveOwn(this.#pathOf(file), this.#pathOf(finished));
    this.forget(file);
    this.#listing.remove(file);
    if (isOurs) this.#listing.add(finished);
  }

  /** Writes hits to a file of their own, which is as old as the one from which they came. */
  async write(hits: readonly Hit[], failures: number, source: HitsFile): Promise<HitsFile> {
    const { file: part } = this.#begin(source, failures);
    const file = toWaiting(toPart(part, hits.length), 0);
    const path = this.#pathOf(part);
    const data = Buffer.concat(toLines(hits));
    const handle = await createOwn(path);
    try {
      await writeAll(handle, data, 0);
      await handle.datasync();
      await handle.close();
      await moveOwn(path, this.#pathOf(file));
    } catch (error) {
      await handle.close().catch(() => undefined);
      await unlink(path).catch(() => undefined);
      throw error;
    }
    this.#listing.count(hits.length, data.length);
    this.#listing.add(file);
    return file;
  }

  /** The same without returning to the event loop. Throws if that is not possible. */
  writeNow(hits: readonly Hit[], failures: number, source?: HitsFile): void {
    if (hits.length === 0) return;
    const { file } = this.#begin(source, failures);
    writeNow(this.#pathOf(file), Buffer.concat(toLines(hits)));
    const written = toWaiting(toPart(file, hits.length), 0);
    renameSync(this.#pathOf(file), this.#pathOf(written));
  }

  /** Waits for what is being appended, and finishes the current file. Returns the hits that were appended. Throws if that takes too long. */
  finishNow(): readonly Hit[] {
    const part = this.#part;
    if (!part) return [];
    const { hits, data } = this.#append ?? { hits: [], data: [] };
    // Another thread may be about to rename it.
    const appended = toPart(part.file, part.file.lines + hits.length);
    const path = this.#pathOf(part.file);
    const nobody = new Int32Array(new SharedArrayBuffer(4));
    const end = performance.now() + this.#options.limits.otherWriteMillis;
    const isWriting = () =>
      (statSync(path, { throwIfNoEntry: false })?.size ?? Infinity) < part.bytes + data.length;
    while (isWriting()) {
      if (performance.now() >= end) throw new Error('The disk hangs');
      Atomics.wait(nobody, 0, 0, SIZE_POLL_MILLIS);
    }
    this.forget(part.file);
    const finished = this.#pathOf(toWaiting(appended, 0));
    for (const file of [part.file, appended]) {
      try {
        renameSync(this.#pathOf(file), finished);
        return hits;
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    }
    return []; // somebody has deleted it, or taken it for a dead one's
  }

  #pathOf({ name }: HitsFile): string {
    return join(this.#folder, name);
  }
}

/** In one piece if the system can: at `exit` the event loop stands still, and only what another thread has begun to write goes on. */
async function writeAll(handle: FileHandle, data: Buffer, start: number): Promise<void> {
  for (let written = 0; written < data.length; ) {
    const left = data.length - written;
    written += (await handle.write(data, written, left, start + written)).bytesWritten;
  }
}

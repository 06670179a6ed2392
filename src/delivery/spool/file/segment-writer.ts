import { closeSync, mkdirSync, openSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT_WAITS } from '../../exit/exit-waits.js';
import { segmentName } from './file-names.js';
import { isThere } from './open-files.js';

/** The result of an attempt to write: how many lines are in which segment. */
interface Written {
  readonly segment: string | undefined;
  /** Position of the first line in the segment. */
  readonly start: number;
  readonly lines: number;
  readonly bytes: number;
  /** Why other lines were not written, or may not survive a power failure. */
  readonly error?: Error;
}

/** Interval for checking whether the file was deleted. */
const POLL_MILLIS = 250;

/** Appends lines to segments. The lines are on the disk when `append` resolves. */
export class SegmentWriter {
  readonly #folder: string;
  readonly #instance: string;
  readonly #maxSegmentBytes: number;
  #file: FileHandle | undefined;
  #segment: string | undefined;
  #number = 0;
  #size = 0;
  #begunMillis = 0;
  #seenMillis = Number.NEGATIVE_INFINITY;
  /** The size that the segment has after the current write. */
  #expected:
    | { readonly path: string; readonly lines: readonly Buffer[]; readonly bytes: number }
    | undefined;

  constructor(folder: string, instance: string, maxSegmentBytes: number) {
    this.#folder = folder;
    this.#instance = instance;
    this.#maxSegmentBytes = maxSegmentBytes;
  }

  /** How long ago the first hit of the current segment was written; 0 if there is none. */
  get ageMillis(): number {
    return this.#size === 0 ? 0 : performance.now() - this.#begunMillis;
  }

  /** Resolves with how much was written. Never rejects. */
  async append(lines: readonly Buffer[]): Promise<Written> {
    let bytes = 0;
    try {
      const file = await this.#open();
      if (this.#size === 0) this.#begunMillis = performance.now();
      const data = Buffer.concat(lines);
      const path = join(this.#folder, this.#segment as string);
      this.#expected = { path, lines, bytes: this.#size + data.length };
      while (bytes < data.length) {
        const { bytesWritten } = await file.write(data, bytes);
        bytes += bytesWritten;
      }
      await file.datasync();
      const start = this.#size;
      this.#size += bytes;
      return { segment: this.#segment, start, lines: lines.length, bytes };
    } catch (error) {
      const whole = countWhole(lines, bytes);
      const isUseless = this.#file !== undefined && this.#size === 0 && whole === 0;
      await this.#removeUnfinished(lines.slice(0, whole), bytes);
      // Nothing is appended to an unfinished line, if that could not be removed.
      await this.close();
      if (isUseless) await this.#discard();
      return {
        segment: this.#segment,
        start: this.#size,
        lines: whole,
        bytes,
        error: error as Error,
      };
    } finally {
      this.#expected = undefined;
    }
  }

  /**
   * At the end of the process: how many lines of the current `append` are in the file. Another thread continues that write. Returns 0 if
   * there is none.
   */
  countAppended(): number {
    if (!this.#expected) return 0;
    const { path, lines, bytes } = this.#expected;
    return countWhole(lines, awaitSize(path, bytes) - this.#size);
  }

  /** At the end of the process: writes lines to a new segment, synchronously. Returns its name, or throws. */
  writeLast(lines: readonly Buffer[]): string {
    this.#number += 1;
    const segment = segmentName(this.#instance, this.#number);
    writeNewFile(this.#folder, join(this.#folder, segment), Buffer.concat(lines));
    return segment;
  }

  /** The next write goes to a new segment. */
  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => undefined);
  }

  /** Closes the segment, and deletes it if it has no hits. */
  async end(): Promise<void> {
    const isEmpty = this.#file !== undefined && this.#size === 0; // without a file, the last write failed
    await this.close();
    if (isEmpty) await this.#discard();
  }

  /** Starts a new segment, so that the lease holder can delete the current one when all its hits have results. */
  async beginNext(): Promise<void> {
    const size = this.#size;
    if (size === 0) return;
    await this.close();
    await this.#open().catch(() => {
      this.#size = size;
    });
  }

  /** Removes the start of a line that did not fit on the disk: readers would report it as damaged. */
  async #removeUnfinished(whole: readonly Buffer[], bytes: number): Promise<void> {
    const wholeBytes = whole.reduce((sum, { length }) => sum + length, 0);
    if (bytes <= wholeBytes) return;
    await this.#file?.truncate(this.#size + wholeBytes).catch(() => undefined);
  }

  /** Deletes a segment without hits. On a full disk, every attempt leaves one. */
  async #discard(): Promise<void> {
    if (this.#segment === undefined) return;
    await unlink(join(this.#folder, this.#segment)).catch(() => undefined);
  }

  /** Whether the file was deleted. What is written to it would be lost. */
  async #isDeleted(): Promise<boolean> {
    const now = performance.now();
    if (this.#file === undefined || this.#segment === undefined) return false;
    if (now - this.#seenMillis < POLL_MILLIS) return false;
    this.#seenMillis = now;
    return !(await isThere(join(this.#folder, this.#segment)));
  }

  async #open(): Promise<FileHandle> {
    if (this.#size >= this.#maxSegmentBytes || (await this.#isDeleted())) await this.close();
    if (this.#file) return this.#file;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    this.#number += 1;
    this.#segment = segmentName(this.#instance, this.#number);
    this.#size = 0;
    this.#file = await open(join(this.#folder, this.#segment), 'ax', 0o600);
    await syncFolder(this.#folder);
    return this.#file;
  }
}

/** A new file survives a power failure only if its folder is synced too, which not every system supports. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/** Counts complete lines. The last one may lack its line feed: readers accept it. */
function countWhole(lines: readonly Buffer[], bytes: number): number {
  let end = 0;
  let whole = 0;
  for (const line of lines) {
    end += line.length;
    if (end - 1 > bytes) break;
    whole += 1;
  }
  return whole;
}

const SIZE_POLL_MILLIS = 5;

/**
 * Writes to a new file without returning to the event loop. Does not wait for the disk, which may hang: data that the kernel has
 * survives the end of the process. Throws if not all of it can be written, and leaves no file.
 */
export function writeNewFile(folder: string, path: string, data: Buffer): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = openSync(path, 'ax', 0o600);
  try {
    for (let written = 0; written < data.length; ) written += writeSync(file, data, written);
  } catch (error) {
    unlinkSync(path); // the caller sends these hits
    throw error;
  } finally {
    closeSync(file);
  }
}

/** The size of a file that is being written, once it is `bytes`, or after a limited time. */
function awaitSize(path: string, bytes: number): number {
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  const end = performance.now() + EXIT_WAITS.otherWriteMillis;
  for (;;) {
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size >= bytes || performance.now() >= end) return size;
    Atomics.wait(nobody, 0, 0, SIZE_POLL_MILLIS);
  }
}

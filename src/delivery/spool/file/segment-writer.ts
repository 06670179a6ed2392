import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isThere } from './is-missing.js';
import { segmentName } from './segment-names.js';
import { awaitSize, writeNewFile } from './write-at-exit.js';

/** What has come of an attempt to write: the first lines, in this segment. */
export interface Written {
  readonly segment: string | undefined;
  /** Where in it they begin. */
  readonly start: number;
  readonly lines: number;
  readonly bytes: number;
  /** Why the others have not been written, or may not outlive the machine. */
  readonly error?: Error;
}

/** How often a file is looked for that somebody may have deleted. */
const LOOK_MILLIS = 250;

/** Appends lines to segments of its own and has them on the disk before it says so. */
export class SegmentWriter {
  readonly #folder: string;
  readonly #instance: string;
  readonly #maxSegmentBytes: number;
  #file: FileHandle | undefined;
  #segment: string | undefined;
  #number = 0;
  #size = 0;
  #seenMillis = Number.NEGATIVE_INFINITY;
  /** What a write that has begun makes of the segment. */
  #expected:
    | { readonly path: string; readonly lines: readonly Buffer[]; readonly bytes: number }
    | undefined;

  constructor(folder: string, instance: string, maxSegmentBytes: number) {
    this.#folder = folder;
    this.#instance = instance;
    this.#maxSegmentBytes = maxSegmentBytes;
  }

  /** Never rejects. */
  async append(lines: readonly Buffer[]): Promise<Written> {
    let bytes = 0;
    try {
      const file = await this.#open();
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
      // A torn line stays the last of its segment.
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
   * For the end of a process: how many of the lines that `append` has been given are in the file. Its write goes on in another thread
   * meanwhile; without one, none are.
   */
  countAppended(): number {
    if (!this.#expected) return 0;
    const { path, lines, bytes } = this.#expected;
    return countWhole(lines, awaitSize(path, bytes) - this.#size);
  }

  /** For the end of a process: writes lines to a segment of their own, at once. Returns its name, or throws. */
  writeLast(lines: readonly Buffer[]): string {
    this.#number += 1;
    const segment = segmentName(this.#instance, this.#number);
    writeNewFile(this.#folder, join(this.#folder, segment), Buffer.concat(lines));
    return segment;
  }

  /** What is written next goes to a new segment. */
  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => undefined);
  }

  /** What has been written stands in a segment that is not the last: whoever sends deletes it once all is decided. */
  async beginNext(): Promise<void> {
    const size = this.#size;
    if (size === 0) return;
    await this.close();
    await this.#open().catch(() => {
      this.#size = size;
    });
  }

  /** A segment without a hit is good for nothing, and on a full disk there is one with every attempt. */
  async #discard(): Promise<void> {
    if (this.#segment === undefined) return;
    await unlink(join(this.#folder, this.#segment)).catch(() => undefined);
  }

  /** What is written to a file that somebody has deleted nobody finds. */
  async #isDeleted(): Promise<boolean> {
    const now = performance.now();
    if (this.#file === undefined || this.#segment === undefined) return false;
    if (now - this.#seenMillis < LOOK_MILLIS) return false;
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

/** A new file is in its folder after a power failure only where the folder is on the disk too; not every system can do that. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/** The last is whole without its line feed too: a reader takes it. */
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

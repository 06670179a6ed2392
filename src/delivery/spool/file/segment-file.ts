import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { openOwnFile } from '../own-file.js';
import type { Closable, OpenFiles } from './open-files.js';

const CHUNK_BYTES = 65_536;

/** Reads a segment in chunks. Opens the file on demand; it is closed if too many files are open. */
export class SegmentFile implements Closable {
  readonly #path: string;
  readonly #files: OpenFiles;
  #file: FileHandle | undefined;

  constructor(path: string, files: OpenFiles) {
    this.#path = path;
    this.#files = files;
  }

  get isOpen(): boolean {
    return this.#file !== undefined;
  }

  /** The bytes from a position on, at most 64 kB; none at the end, or if the file was deleted. */
  read(position: number): Promise<Buffer> {
    return this.#files.use(this, async () => {
      try {
        this.#file ??= await openOwnFile(this.#path, constants.O_RDONLY);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
        throw error;
      }
      const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
      const { bytesRead } = await this.#file.read(buffer, 0, CHUNK_BYTES, position);
      const read = buffer.subarray(0, bytesRead);
      return bytesRead * 2 > CHUNK_BYTES ? read : Buffer.from(read); // copied, because many segments are small
    });
  }

  async release(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.release();
    this.#files.forget(this);
  }
}

import { constants } from 'node:fs';
import { type FileHandle, open, readdir, stat, unlink } from 'node:fs/promises';

/** Opens no link, and does not wait for a pipe. Windows has neither flag. */
export const OPEN_SAFELY: number = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** There is a link, a pipe, a folder, or a file of another user where one of ours should be. */
export class ForeignFile extends Error {
  readonly code = 'not a file of this user';
}

/** Opens an existing file. Rejects with a `ForeignFile` if it is not a regular file of this process' user. */
export async function openOwnFile(path: string, flags: number): Promise<FileHandle> {
  const file = await open(path, flags | OPEN_SAFELY).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ELOOP' || error.code === 'EISDIR' ? new ForeignFile(path) : error;
  });
  try {
    requireOwnFile(await file.stat(), path);
    return file;
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
}

/** Reads the text of an existing file. Rejects as `openOwnFile` does. */
export async function readOwnFile(path: string): Promise<string> {
  const file = await openOwnFile(path, constants.O_RDONLY);
  try {
    return await file.readFile('utf8');
  } finally {
    await file.close().catch(() => undefined);
  }
}

/** Throws a `ForeignFile` if it is not a regular file of this process' user. */
export function requireOwnFile(stats: { isFile(): boolean; uid: number }, path: string): void {
  const ourUser = process.geteuid?.();
  if (ourUser === undefined) return; // Windows
  if (!stats.isFile() || stats.uid !== ourUser) throw new ForeignFile(path);
}

/** Creates a file. Replaces what a killed process left behind, or a link. */
export async function createFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  await unlink(path);
  return open(path, 'wx', 0o600);
}

export async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Whether an error proves that a file does not exist. Other errors may be temporary, such as too many open files. */
export function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** Whether a file exists. `true` if that is unknown. */
export function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => !isMissing(error),
  );
}

/** The names in a folder; none if the folder does not exist. */
export async function listFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Something that may have one open file. */
export interface Closable {
  readonly isOpen: boolean;
  /** Closes the file. The next use opens it again. Never rejects. */
  release(): Promise<void>;
}

/** Limits the number of open files: closes the least recently used one to open another. */
export class OpenFiles {
  readonly #most: number;
  /** Open files that are not in use, the least recently used first. */
  readonly #idle = new Set<Closable>();
  #inUse = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** Runs something with a file, which may be opened for it. A file is used by one caller at a time. */
  async use<T>(file: Closable, run: () => Promise<T>): Promise<T> {
    if (this.#idle.delete(file)) this.#inUse += 1;
    else await this.#reserve();
    try {
      return await run();
    } finally {
      this.#inUse -= 1;
      if (file.isOpen) this.#idle.add(file);
      this.#waiting.shift()?.();
    }
  }

  /** Call this after a file was closed. */
  forget(file: Closable): void {
    if (this.#idle.delete(file)) this.#waiting.shift()?.();
  }

  async #reserve(): Promise<void> {
    for (;;) {
      const isFull = this.#inUse + this.#idle.size >= this.#most;
      const [oldest] = isFull ? this.#idle : [];
      if (!isFull || oldest) {
        this.#inUse += 1;
        if (!oldest) return;
        this.#idle.delete(oldest);
        return oldest.release();
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}

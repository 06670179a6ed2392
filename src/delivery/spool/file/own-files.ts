import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  type Stats,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open, readdir, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Opens no link, and does not wait for a pipe. Windows has neither flag. */
const OPEN_SAFELY = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** There is a link, a pipe, a folder, or a file of another user where one of ours should be. */
export class ForeignFile extends Error {
  readonly code = 'not a file of this user';
}

/** Opens a file. Rejects with a `ForeignFile` if it is not a regular file of this process' user. */
export async function openOwnFile(path: string, flags: number): Promise<FileHandle> {
  const opened = open(path, flags | OPEN_SAFELY, 0o600);
  const file = await opened.catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ELOOP' || error.code === 'EISDIR' ? new ForeignFile(path) : error;
  });
  try {
    requireOwn(await file.stat(), path, 'isFile');
    return file;
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
}

/** The same without returning to the event loop: calls `use` with the descriptor. */
export function useOwnFileSync<T>(path: string, flags: number, use: (file: number) => T): T {
  const file = openSync(path, flags | OPEN_SAFELY, 0o600);
  try {
    requireOwn(fstatSync(file), path, 'isFile');
    return use(file);
  } finally {
    closeSync(file);
  }
}

/** Reads an existing file. Rejects as `openOwnFile` does. */
export async function readOwnFile(path: string): Promise<Buffer> {
  const file = await openOwnFile(path, constants.O_RDONLY);
  try {
    return await file.readFile();
  } finally {
    await file.close().catch(() => undefined);
  }
}

/**
 * Creates a folder and those above it, for this user alone. The option `recursive` of `mkdirSync` tries forever where the system says that
 * the parent of a new folder does not exist, although it does, as in `/proc`.
 */
export function makeFolder(folder: string): void {
  const parent = dirname(folder);
  if (existsSync(folder) || parent === folder) return;
  makeFolder(parent);
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // made by another process, or a broken link
  }
}

/** Throws a `ForeignFile` unless it is a regular file, or a folder, of this process' user. */
export function requireOwn(stats: Stats, path: string, kind: 'isFile' | 'isDirectory'): void {
  const ourUser = process.geteuid?.();
  if (ourUser === undefined) return; // Windows
  if (!stats[kind]() || stats.uid !== ourUser) throw new ForeignFile(path);
}

/** A new file survives a power failure only if its folder is synced too, which not every system supports. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/** In one piece if the system can: at `exit` the event loop stands still, and only what another thread has begun to write goes on. */
export async function writeAll(handle: FileHandle, data: Buffer): Promise<void> {
  for (let written = 0; written < data.length; ) {
    written += (await handle.write(data, written)).bytesWritten;
  }
}

/**
 * Writes without returning to the event loop. Does not wait for the disk, which may hang: data that the kernel has survives the end of
 * the process. Throws if not all of it can be written, and leaves no file.
 */
export function writeNewFile(path: string, data: Buffer): void {
  const file = openSync(path, 'ax', 0o600);
  try {
    writeFileSync(file, data);
  } catch (error) {
    unlinkSync(path);
    throw error;
  } finally {
    closeSync(file);
  }
}

/** Whether an error proves that a file does not exist. Other errors may be temporary, such as too many open files. */
export function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** For `catch`: what does not exist is `undefined`. */
export function unlessMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}

export async function unlinkIfThere(path: string): Promise<void> {
  await unlink(path).catch(unlessMissing);
}

/** Whether a file exists. Rejects if that is unknown. */
export async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(unlessMissing)) !== undefined;
}

/** The names in a folder, sorted; none if the folder does not exist. */
export async function listFolder(folder: string): Promise<string[]> {
  return ((await readdir(folder).catch(unlessMissing)) ?? []).sort();
}

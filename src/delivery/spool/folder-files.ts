import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type HitsFile, nameOf } from './folder-names.js';

/** Opens no link, and does not wait for a pipe. Windows has neither flag. */
const OPEN_SAFELY = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const NEW_FILE = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY;

/** There is a link, a pipe, a folder, or a file of another user where one of ours should be. */
export class ForeignFile extends Error {
  readonly code = 'not a file of this user';
}

/** Whether an error proves that a file does not exist. Other errors may be temporary, such as too many open files. */
export function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** Whether a file cannot be renamed because another process was faster, or, on Windows, has it open. */
export function isTaken(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return process.platform === 'win32' && ['EPERM', 'EACCES', 'EBUSY'].includes(code);
}

/** The files with hits in a folder. */
export class FolderFiles {
  readonly folder: string;
  /** In the names of files of this process. */
  readonly id: string = randomBytes(4).toString('hex');

  constructor(place: string) {
    this.folder = resolve(place);
  }

  /** Creates a file that only its owner may read. */
  create(file: HitsFile): Promise<FileHandle> {
    return openOwn(this.#pathOf(file), NEW_FILE);
  }

  /** Opens a file to write to it. Resolves with `undefined` if it is gone. */
  open(file: HitsFile): Promise<FileHandle | undefined> {
    return openOwn(this.#pathOf(file), constants.O_WRONLY).catch(unlessMissing);
  }

  /** Resolves with `undefined` if it is gone. */
  async read(file: HitsFile): Promise<Buffer | undefined> {
    const handle = await openOwn(this.#pathOf(file), constants.O_RDONLY).catch(unlessMissing);
    try {
      return await handle?.readFile();
    } finally {
      await handle?.close().catch(() => undefined);
    }
  }

  /** Renames a file, or deletes it. Resolves with `false` if it is gone. */
  async move(file: HitsFile, to: HitsFile | undefined): Promise<boolean> {
    const path = this.#pathOf(file);
    const moved = to ? rename(path, this.#pathOf(to)) : unlink(path);
    return moved.then(
      () => true,
      (error) => unlessMissing(error) ?? false,
    );
  }

  /** The same at once. */
  moveNow(file: HitsFile, to: HitsFile | undefined): boolean {
    const path = this.#pathOf(file);
    try {
      if (to) renameSync(path, this.#pathOf(to));
      else unlinkSync(path);
      return true;
    } catch (error) {
      return unlessMissing(error) ?? false;
    }
  }

  createNow(file: HitsFile, data: Buffer): void {
    writeNow(this.#pathOf(file), data);
  }

  #pathOf(file: HitsFile): string {
    return join(this.folder, nameOf(file));
  }
}

/** For `catch`: what does not exist is `undefined`. */
function unlessMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}

async function openOwn(path: string, flags: number): Promise<FileHandle> {
  const opened = open(path, flags | OPEN_SAFELY, 0o600);
  const file = await opened.catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ELOOP' || error.code === 'EISDIR' ? new ForeignFile(path) : error;
  });
  try {
    requireOwn(await file.stat());
    return file;
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
}

/** Throws a `ForeignFile` unless it is a regular file of this process' user. */
export function requireOwn(stats: Stats): void {
  const ourUser = process.geteuid?.();
  if (ourUser === undefined) return; // Windows
  if (!stats.isFile() || stats.uid !== ourUser) throw new ForeignFile();
}

/** Creates a file without returning to the event loop. Does not wait for the disk: what the kernel has survives the end of the process. */
export function writeNow(path: string, data: string | Buffer): void {
  const file = openSync(path, NEW_FILE, 0o600);
  try {
    writeFileSync(file, data);
  } catch (error) {
    unlinkSync(path);
    throw error;
  } finally {
    closeSync(file);
  }
}

/** The text of a file of this process' user. */
export function readNow(path: string): string {
  const file = openSync(path, constants.O_RDONLY | OPEN_SAFELY);
  try {
    requireOwn(fstatSync(file));
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

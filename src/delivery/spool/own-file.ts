import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** Does not follow links and does not wait for pipes. Windows has neither flag. */
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

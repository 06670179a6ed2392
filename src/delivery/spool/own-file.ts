import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** No link is followed, and no pipe is waited for; nothing of that on Windows. */
export const OPEN_SAFELY: number = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** A link, a pipe, a folder, or a file of another user, where one of ours should be. */
export class ForeignFile extends Error {
  readonly code = 'not a file of this user';
}

/** Opens a file that is there. Rejects with a `ForeignFile` if it is no regular file of this process' user. */
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

/** The text of a file that is there; rejects as `openOwnFile` does. */
export async function readOwnFile(path: string): Promise<string> {
  const file = await openOwnFile(path, constants.O_RDONLY);
  try {
    return await file.readFile('utf8');
  } finally {
    await file.close().catch(() => undefined);
  }
}

/** Throws a `ForeignFile` if that is no regular file of this process' user. */
export function requireOwnFile(stats: { isFile(): boolean; uid: number }, path: string): void {
  const ourUser = process.geteuid?.();
  if (ourUser === undefined) return; // Windows
  if (!stats.isFile() || stats.uid !== ourUser) throw new ForeignFile(path);
}

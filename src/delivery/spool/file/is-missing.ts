import { readdir, stat } from 'node:fs/promises';

/** Whether an error says that a file is not there. Others say nothing of the kind: a disk may fail for a moment, or too many files be open. */
export function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** Whether a file is there, as far as that can be told. */
export function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => !isMissing(error),
  );
}

/** What is in a folder; nothing where it is no more. */
export async function listFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

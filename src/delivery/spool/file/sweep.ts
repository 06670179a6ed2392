import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { instanceOfOther, isBeside } from './segment-names.js';
import type { SegmentReader } from './segment-reader.js';

/** Deletes other files of ended processes that have no segments left. */
export async function sweep(
  folder: string,
  names: readonly string[],
  segments: ReadonlyMap<string, unknown>,
  isGone: (instance: string) => Promise<boolean>,
): Promise<void> {
  for (const name of names) {
    const instance = instanceOfOther(name);
    if (instance === undefined || segments.has(instance)) continue;
    if (await isGone(instance)) await unlinkIfThere(join(folder, name)).catch(() => undefined); // harmless
  }
}

/** Deletes the acknowledgments of a segment by all senders. */
export async function unlinkAcknowledgments(folder: string, segment: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (isBeside(segment, name)) await unlinkIfThere(join(folder, name));
  }
}

export async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Deletes a segment whose hits all have results. If another process wrote it, the last acknowledgment is kept for that process. */
export async function deleteDecided(
  folder: string,
  reader: SegmentReader,
  isOthers: boolean,
): Promise<void> {
  const { name, decisions } = reader;
  const save = () => decisions.save(true);
  const isSaved = !isOthers || (await save().then(isTrue, isFalse));
  await reader.close();
  await unlinkIfThere(join(folder, name));
  if (!isSaved) await save(); // there is room on the disk now
  if (!isOthers) await unlinkAcknowledgments(folder, name);
}

const isTrue = (): boolean => true;
const isFalse = (): boolean => false;

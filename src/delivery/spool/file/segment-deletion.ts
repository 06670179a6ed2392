// When is a segment deleted?
//
// * By the lease holder, when nothing is appended to the segment any more and all its hits have results: they were processed by Matomo,
//   expired, or are lost. The lease holder checks that with each poll, when it closes the spool, and when its
//   process exits.
// * By its writer, if the segment has no hits (`SegmentWriter`). The writer starts a new segment after a minute, at a size, or
//   when none of its hits is pending, so that the lease holder can delete the last one.
// * By `spool purge` (`file-commands.ts`).

import { unlinkSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { instanceOfOther, isBeside, isSegment } from './file-names.js';
import { unlinkIfThere } from './open-files.js';
import type { Segment, SegmentReader } from './segment-reader.js';

/**
 * Whether nothing is appended to a segment any more, and all its hits have results. Reads as much of the file as necessary, except for
 * hits that were taken over: these are read when they are due.
 */
export async function isDone(
  { reader, takenOver, isFinal }: Segment,
  isThere: boolean,
): Promise<boolean> {
  const { decisions } = reader;
  if (!isFinal || decisions.open > 0) return false;
  if (takenOver && isThere && !reader.isAtEnd) return false;
  const isAtEnd = await reader.readAhead(1, true);
  return decisions.open === 0 && isAtEnd;
}

/** Deletes a segment that is done. If another process wrote it, the last acknowledgment is kept for that process. */
export async function deleteSegment(
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
  if (!isOthers) await deleteAcknowledgments(folder, name);
}

/** At the end of the process: deletes those segments of a folder that are done, synchronously. `names`: all files of the folder. */
export function deleteSegmentsSync(
  folder: string,
  names: readonly string[],
  isSegmentDone: (segment: string) => boolean,
): void {
  for (const segment of names) {
    if (!isSegment(segment) || !isSegmentDone(segment)) continue;
    unlinkSync(join(folder, segment));
    for (const name of names) if (isBeside(segment, name)) unlinkSync(join(folder, name));
  }
}

/** Deletes the acknowledgments of a segment by all lease holders. */
export async function deleteAcknowledgments(folder: string, segment: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (isBeside(segment, name)) await unlinkIfThere(join(folder, name));
  }
}

/** Deletes other files of ended processes that have no segments left. */
export async function deleteOtherFiles(
  folder: string,
  names: readonly string[],
  segments: ReadonlyMap<string, unknown>,
  hasEnded: (instance: string) => Promise<boolean>,
): Promise<void> {
  for (const name of names) {
    const instance = instanceOfOther(name);
    if (instance === undefined || segments.has(instance)) continue;
    if (await hasEnded(instance)) await unlinkIfThere(join(folder, name)).catch(() => undefined); // harmless
  }
}

const isTrue = (): boolean => true;
const isFalse = (): boolean => false;

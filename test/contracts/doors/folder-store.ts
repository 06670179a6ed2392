import { onTestFinished } from 'vitest';
import type { Files } from '../../../src/delivery/folder-files.js';
import { openFolder } from '../../../src/delivery/folder-store.js';
import { type OpenedSpool, prepareSpool, type SpoolSetup, watchSpool } from './spool-store.js';

export { DailyKeys } from '../../../src/common/visitor-keys.js';
export { type FileStep, type Files, filesOf } from '../../../src/delivery/folder-files.js';
export { parseName } from '../../../src/delivery/folder-names.js';

export type FolderSetup = SpoolSetup;
/** A spool in a folder, as delivery uses it. */
export type Folder = OpenedSpool;

export async function openFolderSpool(setup: FolderSetup, files?: Files): Promise<Folder> {
  const prepared = prepareSpool(setup);
  onTestFinished(prepared.endLog);
  return watchSpool(await openFolder(prepared.options, files), prepared);
}

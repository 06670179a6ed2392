import { accessSync, constants, existsSync, lstatSync, type Stats, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { codeOf } from '../../common/describe-error.js';
import { readNow, requireOwn } from './folder-files.js';
import { parseName } from './folder-names.js';
import { DESCRIPTION, matomoOf, requireTrust, UntrustedFolder } from './folder-setup.js';

/** What a spool in a folder has, and whether it can be used. */
export interface FolderReport {
  readonly exists: boolean;
  /** Why it cannot be used; `undefined` if it can. */
  readonly problem: string | undefined;
  /** Another user could change its contents. */
  readonly isUntrusted: boolean;
  /** Other users can read it. */
  readonly isOpenToOthers: boolean;
  /** The Matomo that gets the hits; `undefined` if no process has opened it yet. */
  readonly matomoUrl: string | undefined;
  /** Hits that have no result, and the bytes of their files. */
  readonly hits: number;
  readonly bytes: number;
  /** When the oldest was stored, in epoch seconds; `Infinity` if there is none. */
  readonly oldestSeconds: number;
}

const FOR_OTHERS = 0o077;

/** Looks at a folder, and changes nothing: processes may be using it. Never rejects. */
export async function inspectFolder(place: string): Promise<FolderReport> {
  const folder = resolve(place);
  let stats: Stats | undefined;
  const found = { matomoUrl: undefined as string | undefined, hits: 0, bytes: 0 };
  let oldestSeconds = Number.POSITIVE_INFINITY;
  let problem: unknown;
  try {
    stats = statSync(folder, { throwIfNoEntry: false });
    const names = stats?.isDirectory() ? await readdir(folder) : [];
    for (const name of names) {
      const file = parseName(name);
      const size = file && sizeOf(join(folder, name));
      if (!file || size === undefined) continue;
      found.hits += file.lines - file.done;
      found.bytes += size;
      oldestSeconds = Math.min(oldestSeconds, file.millis / 1000);
    }
    if (names.includes(DESCRIPTION)) found.matomoUrl = matomoOf(readNow(join(folder, DESCRIPTION)));
    requireWritable(folder, stats);
  } catch (error) {
    problem = error;
  }
  return {
    ...{ exists: stats !== undefined, ...found, oldestSeconds },
    problem: problem === undefined ? undefined : codeOf(problem),
    isUntrusted: problem instanceof UntrustedFolder,
    isOpenToOthers: process.geteuid !== undefined && ((stats?.mode ?? 0) & FOR_OTHERS) !== 0,
  };
}

/** `undefined` for what is gone, or not a file of this user. */
function sizeOf(path: string): number | undefined {
  try {
    const stats = lstatSync(path);
    requireOwn(stats);
    return stats.size;
  } catch {
    return undefined;
  }
}

/** Throws unless this process may write to the folder, or create it. */
function requireWritable(folder: string, stats: Stats | undefined): void {
  if (stats) requireTrust(stats);
  let existing = folder;
  while (!existsSync(existing)) existing = dirname(existing);
  accessSync(existing, constants.R_OK | constants.W_OK | constants.X_OK);
}

import { readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { nameOf, parseName } from '../../src/delivery/spool/folder-names.js';

/** The lines of the hits in a folder that have no result, in no particular order. Files may be renamed or deleted meanwhile: then it looks again. */
export function linesIn(folder: string): string[] {
  for (;;) {
    try {
      return readdirSync(folder).flatMap((name) => {
        const file = parseName(name);
        if (!file) return [];
        const lines = readFileSync(join(folder, name), 'latin1').split('\n').filter(Boolean);
        return lines.slice(file.done, file.lines);
      });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT') throw error;
      if (!isThere(folder)) return [];
    }
  }
}

function isThere(folder: string): boolean {
  try {
    readdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

/** As if their processes had said nothing for two minutes: then others claim what killed ones had. */
export function letFilesAge(folder: string): void {
  const activeMillis = Date.now() - 120_000;
  for (const name of readdirSync(folder)) {
    const file = parseName(name);
    if (file) renameSync(join(folder, name), join(folder, nameOf({ ...file, activeMillis })));
  }
}

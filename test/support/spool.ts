import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseName } from '../../src/delivery/folder-names.js';

/** The lines of the hits in a folder that have no result, in no particular order. Files may be renamed or deleted meanwhile: then it looks again. */
export function linesIn(folder: string): string[] {
  for (;;) {
    try {
      return readdirSync(folder).flatMap((name) => {
        const { hits } = parseName(name) ?? { hits: 0 };
        return readFileSync(join(folder, name), 'latin1').split('\n').slice(0, hits);
      });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT') throw error;
      if (!existsSync(folder)) return [];
    }
  }
}

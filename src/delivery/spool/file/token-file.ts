import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { readOwnFile } from '../own-file.js';
import type { TokenPlace } from '../token-watch.js';
import { createFile } from './acknowledgment.js';

const NAME = 'token.fingerprint';

/** The fingerprint of a token in a folder. */
export function createTokenFile(folder: string): TokenPlace {
  const path = join(folder, NAME);
  return {
    async read() {
      const text = (await readOwnFile(path)).trim();
      return /^[\da-f]{8}$/.test(text) ? text : undefined;
    },
    async write(fingerprint) {
      const draft = `${path}.tmp`;
      const file = await createFile(draft);
      try {
        await file.writeFile(`${fingerprint}\n`);
      } finally {
        await file.close();
      }
      await rename(draft, path);
    },
  };
}

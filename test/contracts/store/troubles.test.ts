import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';
import { startRedis } from '../../support/redis-server.js';
import { requires } from '../../support/skips.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { survive, type Trouble } from './support.js';

const TROUBLES: readonly [name: string, set: () => Promise<Trouble>][] = [
  [
    'a folder that vanishes and comes back',
    async () => {
      requires('moving open files');
      const place = join(temporaryFolder(), 'spool');
      return {
        place,
        begin() {
          renameSync(place, `${place}-away`);
          writeFileSync(place, 'in its place');
        },
        end() {
          rmSync(place);
          renameSync(`${place}-away`, place);
        },
      };
    },
  ],
  [
    'a Redis that vanishes and comes back',
    async () => {
      const redis = await startRedis();
      return { place: redis.url, begin: redis.kill, end: redis.start };
    },
  ],
];

test.each(TROUBLES)('hits survive %s', async (_name, set) => {
  await survive(await set());
});

import { describe, test } from 'vitest';
import { sampled } from '../../support/long.js';
import { SPOOL_PLACES, startRedis } from '../../support/redis-server.js';
import { requires } from '../../support/skips.js';
import { mountTinyDisk } from '../../support/tiny-disk.js';
import { killAtRandom, survive, type Trouble } from './support.js';

/** In three ways in turn. */
const ROUNDS = sampled(4, 10);

describe.each(SPOOL_PLACES)('processes that share %s', (_where, open) => {
  test(`${ROUNDS} kills at random moments lose nothing that was stored`, async () => {
    await killAtRandom(await open(), ROUNDS, 2);
  });
});

const TROUBLES: readonly [name: string, set: () => Promise<Trouble>][] = [
  [
    'a disk that is full',
    async () => {
      const disk = await mountTinyDisk(256);
      const place = { place: disk.folder, prefix: disk.prefix };
      return { ...place, begin: disk.fill, end: disk.makeRoom };
    },
  ],
  [
    'a Redis that hangs',
    async () => {
      requires('signals');
      const redis = await startRedis();
      const signal = (name: NodeJS.Signals) => () => redis.signal(name);
      return { place: redis.url, begin: signal('SIGSTOP'), end: signal('SIGCONT') };
    },
  ],
];

test.each(TROUBLES)('hits survive %s', async (_name, set) => {
  await survive(await set());
});

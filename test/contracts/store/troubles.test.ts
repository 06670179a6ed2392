import {
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startRedis } from '../../support/redis-server.js';
import { requires } from '../../support/skips.js';
import { sorted } from '../../support/sorted.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import {
  allArrive,
  names,
  openSite,
  survive,
  type Trouble,
  tracked,
  UNAVAILABLE,
  until,
} from './support.js';

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
    'a Redis that is full',
    async () => {
      const redis = await startRedis();
      return {
        place: redis.url,
        begin: () => redis.command('CONFIG', 'SET', 'maxmemory', '1'),
        end: () => redis.command('CONFIG', 'SET', 'maxmemory', '0'),
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

test('after FLUSHALL, later hits arrive', async () => {
  const redis = await startRedis();
  const { matomo, start } = await openSite(redis.url);
  matomo.play(UNAVAILABLE);
  const process = start();
  await process.put(...names('gone', 5));
  await until(process, ({ spooled }) => spooled === 5);
  await redis.command('FLUSHALL');
  matomo.play({});
  await process.put(...names('later', 5));
  await allArrive(matomo, names('later', 5));
  await until(process, ({ pending }) => pending === 0);
  expect(new Set(matomo.tracked()).size).toBe(matomo.tracked().length);
});

/** A folder with ten hits of a process that has ended. */
async function leaveTen() {
  const place = join(temporaryFolder(), 'spool');
  const site = await openSite(place);
  site.matomo.play(UNAVAILABLE);
  const first = site.start();
  await first.put(...names('left', 10));
  await until(first, ({ spooled }) => spooled === 10);
  await first.shutdown();
  site.matomo.play({});
  return { ...site, place };
}

function filesOf(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}

test.each([
  ['a flipped byte', (text: string) => text.replace('left-5', 'lefu-5')],
  ['a line that was cut', (text: string) => text.replace(/left-5.*/, 'l')],
])('%s costs one hit, which is counted', async (_name, damage) => {
  const { matomo, place, start } = await leaveTen();
  for (const path of filesOf(place)) {
    const text = readFileSync(path, 'latin1');
    const damaged = damage(text);
    if (damaged !== text) writeFileSync(path, damaged, 'latin1');
  }
  const others = names('left', 10).filter((name) => name !== 'left-5');
  const heir = start();
  await allArrive(matomo, others);
  await until(heir, ({ pending, lost }) => pending === 0 && lost === 1);
  expect(tracked(matomo)).toEqual(sorted(others));
  expect(heir.codes()).toContain('spool-damaged');
});

test('foreign files and links in a folder are left alone', async () => {
  requires('file modes');
  const { matomo, place, start } = await leaveTen();
  const outside = join(temporaryFolder(), 'outside');
  writeFileSync(outside, 'foreign\n');
  writeFileSync(join(place, 'notes.txt'), 'foreign\n');
  symlinkSync(outside, join(place, 'link.hits'));
  const heir = start();
  await allArrive(matomo, names('left', 10));
  expect(await until(heir, ({ pending }) => pending === 0)).toMatchObject({ lost: 0 });
  await heir.shutdown();
  for (const path of [outside, join(place, 'notes.txt'), join(place, 'link.hits')])
    expect(readFileSync(path, 'utf8')).toBe('foreign\n');
});

test('nobody else may read a spool', async () => {
  requires('file modes');
  const { place } = await leaveTen();
  const paths = filesOf(place);
  expect(paths).not.toEqual([]);
  for (const path of [place, ...paths]) expect(statSync(path).mode & 0o077).toBe(0);
});

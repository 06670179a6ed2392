import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { requires } from '../../support/skips.js';
import { linesIn } from '../../support/spool.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { mountTinyDisk } from '../../support/tiny-disk.js';
import {
  DailyKeys,
  type Folder,
  type FolderSetup,
  filesOf,
  openFolderSpool,
  parseName,
} from '../doors/folder-store.js';
import { claimed, drain, drainAll, hit, hits, SOON_DEAD } from './support.js';

const OTHER_USER = 12_345;
/** With this option, a file has no more hits than a put. */
const SMALL = { maxExportBatchSize: 1 };

const spoolFiles = (place: string) =>
  readdirSync(place)
    .filter((name) => name !== 'spool.json')
    .sort();

/** A spool in a folder of its own, or one that others share. */
const openIn = (place: string, setup: Partial<FolderSetup> = {}): Promise<Folder> =>
  openFolderSpool({ place, ...setup });
const openNew = async (setup: Partial<FolderSetup> = {}) => {
  const place = join(temporaryFolder(), 'spool');
  return { place, ...(await openIn(place, setup)) };
};

/** For the clock of the system, of which a test may change the time several times. */
function letTimePass(millis: number): void {
  vi.useFakeTimers({ now: Date.now() + millis, toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
}

describe('files', () => {
  test('names say when hits came, whether they need a token, and how many there are', async () => {
    const { place, spool } = await openNew();
    await spool.put(hits('abc'));
    const [part = ''] = spoolFiles(place);
    expect(parseName(part)).toMatchObject({ state: 'part', needsToken: true, hits: 3 });
    const claim = await spool.claim(2);
    expect(spoolFiles(place)[0]?.replace(/\d{13}\.sending$/, 'part')).toBe(part);
    await claim?.done({}, claim.hits);
    const millis = parseName(part)?.millis;
    expect(parseName(spoolFiles(place)[0] ?? '')).toMatchObject({ state: 'hits', millis, hits: 3 });
    await drain({ spool });
    expect(spoolFiles(place)).toEqual([]);
  });

  test('hits are appended to one file until it is full', async () => {
    const { place, spool } = await openNew({ maxExportBatchSize: 3 });
    for (const names of ['a', 'bc', 'd']) await spool.put(hits(names));
    expect(spoolFiles(place).map((name) => parseName(name)?.hits)).toEqual([3, 1]);
    expect(await drain({ spool })).toBe('abcd');
  });
});

describe('processes', () => {
  test('own hits are first, then the oldest of others', async () => {
    const { place, spool } = await openNew(SMALL);
    for (const name of 'abcd') {
      letTimePass(1_000);
      const other = await openIn(place);
      await other.spool.put(hits(name));
      await other.spool.close();
    }
    await eventually(async () =>
      (await spool.claim(1))?.done({}, hits('a')).then(() => spool.hits === 4),
    );
    await spool.put(hits('e'));
    expect(await drain({ spool }, 1)).toMatch(/^[ae][ae]bcd$/);
  });

  test('a file that is claimed an hour after it was written is claimed once', async () => {
    const { place, spool } = await openNew();
    await spool.put(hits('ab'));
    await spool.close();
    letTimePass(3_600_000);
    const claim = await claimed(await openIn(place), 1);
    const two = await openIn(place);
    expect(await drain(two)).toBe('');
    expect(await claim.done({ tracked: 2 }, [])).toBe(true);
    expect(two.counts.lost.unconfirmed).toBe(0);
  });

  test('the file of a dead one is claimed', async () => {
    const { place, spool } = await openNew();
    await spool.put(hits('ab'));
    const next = await openIn(place, SOON_DEAD);
    expect(await drainAll(next, 2)).toBe('ab');
    // It was not dead: what it puts goes to a file of its own.
    expect(await spool.put(hits('c'))).toBe(true);
    await spool.close();
    expect(await drainAll(next, 1)).toBe('c');
  });

  test('a clock that is set back does not keep claims for ever', async () => {
    const { place, spool } = await openNew();
    await spool.put(hits('ab'));
    await spool.claim(1);
    letTimePass(-86_400_000);
    const next = await openIn(place, { ...SOON_DEAD, resendUnconfirmed: true });
    expect(await drainAll(next, 2)).toBe('ab');
  });
});

test('processes that live for ten seconds each send the claim of a killed one after an hour', async () => {
  const { place, spool } = await openNew();
  await spool.put(hits('ab'));
  await spool.claim(1);
  let names = '';
  let seconds = 0;
  for (; names === '' && seconds < 7_200; seconds += 10) {
    letTimePass(10_000);
    names = await drain(await openIn(place, { resendUnconfirmed: true }));
  }
  expect(names).toBe('ab');
  expect(Math.abs(seconds - 3_600)).toBeLessThan(20);
});

describe('a folder that cannot be used', () => {
  const storesAgain = async ({ spool }: Folder) => {
    await eventually(async () => spool.isUsable && (await spool.put(hits('b'))));
  };

  test('in whose place is a file: it is used when that is gone', async () => {
    const place = join(temporaryFolder(), 'spool');
    writeFileSync(place, '');
    const folder = await openIn(place);
    expect(await folder.spool.put(hits('a'))).toBe(false);
    rmSync(place);
    await storesAgain(folder);
    expect(folder.codes()).toEqual(['spool-not-used', 'spool-written-again']);
  });

  test('that is deleted is made again, and later hits are stored', async () => {
    requires('moving open files');
    const { place, ...folder } = await openNew();
    await folder.spool.put(hits('a'));
    rmSync(place, { recursive: true });
    await eventually(async () => {
      await (await folder.spool.claim(1))?.done({ tracked: 1 }, []);
      await storesAgain(folder);
      return existsSync(join(place, 'spool.json'));
    });
    expect(await drain(folder)).toBe('b');
    expect(folder.codes()).toEqual(['spool-not-written', 'spool-written-again']);
    expect(folder.counts.lost.spool).toBe(0);
  });

  test('whose disk is full: no hit is in a file and in memory', async () => {
    const disk = await mountTinyDisk(64);
    const folder = await openIn(disk.folder);
    const many = [...Array(400)].map((_, i) => hit(`${'x'.repeat(400)}${i}`));
    let stored = 0;
    for (let i = 0; i < 400; i += 20)
      stored += (await folder.spool.put(many.slice(i, i + 20))) ? 20 : 0;
    expect(stored).toBeGreaterThan(0);
    expect(stored).toBeLessThan(400);
    expect(linesIn(disk.folder)).toHaveLength(stored);
    expect(folder.counts.stored).toBe(stored);
    expect(folder.codes()).toEqual(['spool-not-written']);
    const arrived = await eventually(() => drain(folder, 10)); // sending makes room
    expect(arrived.length).toBeGreaterThan(0);
    await storesAgain(folder);
    expect(folder.codes()).toEqual(['spool-not-written', 'spool-written-again']);
  });

  test('whose disk is full: what is given back stays in memory', async () => {
    const disk = await mountTinyDisk(64);
    const { spool, balance } = await openIn(disk.folder, { maxExportBatchSize: 40 });
    const some = [...Array(40)].map((_, i) => hit(`${'x'.repeat(200)}${i}`));
    for (let i = 0; i < 2; i++) expect(await spool.put(some)).toBe(true);
    const claim = await claimed({ spool }, 35);
    disk.fill();
    expect(await claim.done({ tracked: 10 }, claim.hits.slice(0, 30), true)).toBe(true);
    expect(balance(80)).toEqual([120, 120]);
    expect(linesIn(disk.folder)).toHaveLength(40);
  });

  test('whose limit is reached: no more is stored, until something was sent', async () => {
    const folder = await openIn(join(temporaryFolder(), 'spool'), { maxBytes: 200 });
    for (const name of 'abcdefgh') await folder.spool.put(hits(name));
    expect(folder.counts.stored).toBeLessThan(8);
    expect(folder.codes()).toEqual(['spool-not-written']);
    await eventually(() => drain(folder));
    await storesAgain(folder);
  });
});

describe('who may read and write', () => {
  test('a folder and its files are of this user alone', async () => {
    requires('file modes');
    const { place, spool } = await openNew();
    await spool.put(hits('abc'));
    const claim = await spool.claim(2);
    await claim?.done({ tracked: 2 }, hits('a'), true);
    spool.putNow?.(hits('d'));
    for (const path of [place, ...readdirSync(place).map((name) => join(place, name))])
      expect(statSync(path).mode & 0o077).toBe(0);
  });

  test('links, pipes, folders and other names are left alone, and one line says so', async () => {
    requires('file modes');
    const { place, spool } = await openNew();
    await spool.put(hits('ab'));
    await spool.close();
    const [name = ''] = spoolFiles(place);
    const outside = join(temporaryFolder(), 'outside');
    writeFileSync(outside, readFileSync(join(place, name)));
    const older = (number: number, state = 'hits') =>
      join(place, `1700000000000-0000000${number}-1.3-99.${state}`);
    symlinkSync(outside, older(1));
    symlinkSync(join(place, 'missing'), older(2));
    mkdirSync(older(3));
    execFileSync('mkfifo', [older(4)]);
    symlinkSync(outside, older(5, 'part'));
    writeFileSync(join(place, '0-1.hits'), 'foreign');
    const before = readdirSync(place).filter((other) => other !== name);
    const next = await openIn(place, SOON_DEAD);
    expect(await drainAll(next, 2)).toBe('ab');
    expect(await drain(next)).toBe('');
    expect(readdirSync(place).sort()).toEqual(before.sort());
    expect(next.codes()).toEqual(['spool-owner']);
    expect(next.counts.claimed).toBe(2);
  });

  test('without file descriptors, a file waits for the next attempt', async () => {
    const { place, spool } = await openNew();
    await spool.put(hits('ab'));
    await spool.close();
    const files = filesOf(place);
    let failures = 1;
    const next = await openFolderSpool(
      { place },
      {
        ...files,
        run(step) {
          if (step[0] !== 'read' || failures-- <= 0) return files.run(step);
          return Promise.reject(Object.assign(new Error(), { code: 'EMFILE' }));
        },
      },
    );
    expect(await next.spool.claim(2)).toBeUndefined();
    await eventually(() => next.spool.isUsable);
    expect(await drain(next)).toBe('ab');
  });

  test('a link in place of the file that is written is not followed', async () => {
    requires('file modes');
    const { place, spool, ...folder } = await openNew();
    await spool.put(hits('a'));
    const [name = ''] = spoolFiles(place);
    const victim = join(temporaryFolder(), 'victim');
    writeFileSync(victim, 'mine');
    renameSync(join(place, name), `${victim}-moved`);
    symlinkSync(victim, join(place, name));
    await spool.put(hits('b'));
    expect(readFileSync(victim, 'utf8')).toBe('mine');
    expect(folder.codes()).toEqual(['spool-not-written']);
  });

  test('a folder that every user can write to is used only if it has the sticky bit', async () => {
    requires('file modes');
    const place = temporaryFolder();
    writeFileSync(join(place, 'other file'), '');
    chmodSync(place, 0o777);
    const folder = await openIn(place);
    expect(await folder.spool.put(hits('a'))).toBe(false);
    expect(folder.lines).toEqual([expect.stringMatching(/no sticky bit.*\[spool-owner\]$/)]);
    chmodSync(place, 0o1777);
    await eventually(() => folder.spool.isUsable);
    expect(await folder.spool.put(hits('a'))).toBe(true);
    expect(statSync(place).mode & 0o777).toBe(0o777);
  });

  test("another user's files and folders are not used", async () => {
    requires('root');
    const { place, spool } = await openNew();
    await spool.put(hits('a'));
    await spool.close();
    const [name = ''] = spoolFiles(place);
    chownSync(join(place, name), OTHER_USER, OTHER_USER);
    const next = await openIn(place);
    await eventually(async () => {
      expect(await next.spool.claim(1)).toBeUndefined();
      return next.codes().length > 0;
    });
    expect(next.codes()).toEqual(['spool-owner']);
    chownSync(place, OTHER_USER, OTHER_USER);
    const refused = await openIn(place);
    expect(refused.spool.isUsable).toBe(false);
    expect(refused.codes()).toEqual(['spool-owner']);
  });

  test("another Matomo's folder is not used, and a damaged or linked description neither", async () => {
    const { place } = await openNew();
    const path = join(place, 'spool.json');
    const text = readFileSync(path, 'utf8');
    const refuse = async (why: RegExp, setup: Partial<FolderSetup> = {}) => {
      const folder = await openIn(place, setup);
      expect(folder.spool.isUsable).toBe(false);
      expect(folder.lines).toEqual([expect.stringMatching(why)]);
    };
    const matomoUrl = 'https://other.test/matomo.php';
    await refuse(/belongs to https:\/\/matomo\.test/, { matomoUrl });
    writeFileSync(path, text.slice(1));
    await refuse(/spool\.json is damaged/);
    if (process.platform !== 'win32') {
      const copy = join(temporaryFolder(), 'copy');
      writeFileSync(copy, text);
      rmSync(path);
      symlinkSync(copy, path);
      await refuse(/spool-not-used/);
    }
  });
});

/** Keys of a process, on a day in November. */
function openKeys(): DailyKeys {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 20, 12), toFake: ['Date'] });
  const keys = new DailyKeys();
  onTestFinished(() => {
    vi.useRealTimers();
    keys.close();
  });
  return keys;
}

test('processes share the visitor keys of the day, and delete those of other days', async () => {
  const [one, other] = [openKeys(), openKeys()];
  const day = Math.floor(Date.now() / 86_400_000);
  const { place, spool } = await openNew({ keys: one });
  writeFileSync(join(place, 'visitor-2026-11-18.key'), 'old');
  const next = await openIn(place, { keys: other });
  const keyOf = (keys: DailyKeys, of: number) => keys.keyOf(of)?.toString('hex');
  expect(keyOf(one, day)).toBe(keyOf(other, day));
  expect(spoolFiles(place)).toEqual(['visitor-2026-11-20.key']);
  vi.setSystemTime(Date.UTC(2026, 10, 21, 12));
  const both = [[spool, one] as const, [next.spool, other] as const];
  for (const [each, keys] of both)
    await eventually(async () => {
      await each.claim(1);
      return keys.find(day + 1);
    });
  expect(keyOf(one, day + 1)).toBe(keyOf(other, day + 1));
  expect(spoolFiles(place).filter((name) => name.endsWith('.key'))).toEqual([
    'visitor-2026-11-21.key',
  ]);
});

test('a visitor key that is damaged is not used, and one line says so', async () => {
  const keys = openKeys();
  const { place } = await openNew();
  writeFileSync(join(place, 'visitor-2026-11-20.key'), 'damaged');
  const folder = await openIn(place, { keys });
  expect(folder.codes()).toEqual(['spool-visitor-key']);
  expect(await folder.spool.put(hits('a'))).toBe(true);
});

test('hits that go behind are claimed after those of a process that has ended', async () => {
  const place = temporaryFolder();
  const { spool: ended } = await openIn(place);
  await ended.put([hit('of another')]);
  await ended.close();
  const { spool } = await openIn(place);
  await spool.put([hit('own')]);
  const first = await spool.claim(100);
  expect(first?.hits).toMatchObject([{ query: hit('own').query }]);
  await first?.done({}, first.hits, true);
  expect((await spool.claim(100))?.hits).toMatchObject([{ query: hit('of another').query }]);
});

test('a file that another process has claimed before it is finished is no failure', async () => {
  const place = temporaryFolder();
  const { spool, codes } = await openIn(place);
  await spool.put([hit('a')]);
  const [part = ''] = spoolFiles(place).filter((name) => name.endsWith('.part'));
  renameSync(join(place, part), join(place, part.replace(/part$/, 'hits')));
  await spool.close();
  expect(codes()).toEqual([]);
});

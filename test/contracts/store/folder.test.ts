import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { seededRandom } from '../../support/seed.js';
import { requires } from '../../support/skips.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { mountTinyDisk } from '../../support/tiny-disk.js';
import {
  DailyKeys,
  type Folder,
  type FolderSetup,
  openFolderSpool,
} from '../doors/folder-store.js';
import { startSpoolProcess } from '../doors/spool-process.js';
import { ALL, drain, drainAll, expectBalance, hit, hits, namesOf, SOON_DEAD } from './support.js';

/** Names are listed, and what fails is tried again, after so long. */
const SLOW = { limits: { listMillis: 60_000 } };
const OTHER_USER = 12_345;

type Hits = ReturnType<typeof hits>;

const spoolFiles = (place: string) =>
  readdirSync(place)
    .filter((name) => name !== 'spool.json')
    .sort();

/** A spool in a folder of its own, or one that others share. */
const openIn = (place: string, setup: Partial<FolderSetup> = {}): Folder =>
  openFolderSpool({ place, ...setup });
const openNew = (setup: Partial<FolderSetup> = {}) => {
  const place = join(temporaryFolder(), 'spool');
  return { place, ...openIn(place, setup) };
};

/** Claims until there is something. */
const claimed = ({ spool }: Pick<Folder, 'spool'>, most = 100, maxFailures = ALL) =>
  eventually(() => spool.claim(most, maxFailures));

/** For the clock of the system, of which a test may change the time several times. */
function letTimePass(millis: number): void {
  vi.useFakeTimers({ now: Date.now() + millis, toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
}

/** Lines of all files that are not done, as their names say. */
function linesIn(place: string): number {
  let sum = 0;
  for (const name of spoolFiles(place)) {
    const [, done = 0, lines = 0] = /\.(\d+)-(\d+)\./.exec(name) ?? [];
    sum += Number(lines) - Number(done);
  }
  return sum;
}

describe('files', () => {
  test('names say how often hits failed, when they came, whether they need a token, and what is done', async () => {
    const { place, spool } = openNew();
    await spool.store(hits('abc'));
    expect(spoolFiles(place)).toEqual([
      expect.stringMatching(/^0-\d{13}-[\da-f]{8}-1-token\.0-3\.\d{13}\.part$/),
    ]);
    const claim = await spool.claim(2, ALL);
    const [name = ''] = spoolFiles(place);
    const [, id] =
      /^(0-\d{13}-[\da-f]{8}-1-token)\.0-3\.2\.[\da-f]{8}\.\d{13}\.sending$/.exec(name) ?? [];
    await claim?.done({ tracked: 2 });
    expect(spoolFiles(place)).toEqual([`${id}.2-3.hits`]);
    await drain({ spool });
    expect(spoolFiles(place)).toEqual([]);
    const without = openIn(place, { hasToken: false });
    await without.spool.store(hits('d'));
    expect(spoolFiles(place)).toEqual([
      expect.stringMatching(/^0-\d{13}-[\da-f]{8}-1\.0-1\.\d{13}\.part$/),
    ]);
  });

  test('hits are appended to one file until it is full, or old', async () => {
    const { place, spool } = openNew({ limits: { maxFileHits: 3 } });
    for (const names of ['a', 'bcd', 'e']) await spool.store(hits(names));
    const states = (name: string) => name.replace(/^\S+-(\d+)-token/, '$1').replace(/\d{13}\./, '');
    expect(spoolFiles(place).map(states)).toEqual(['1.0-4.hits', '2.0-1.part']);
    expect(await drain({ spool })).toBe('abcde');
    const old = openNew({ limits: { fileMillis: 0 } });
    await old.spool.store(hits('a'));
    await old.spool.store(hits('b'));
    expect(spoolFiles(old.place).map(states)).toEqual(['1.0-1.hits', '2.0-1.part']);
  });

  test('a file has about as many bytes as the limit', async () => {
    const { place, spool } = openNew({ limits: { maxFileBytes: 200 } });
    for (const name of 'abcdefgh') await spool.store([hit(name.repeat(100))]);
    expect(spoolFiles(place)).toHaveLength(4);
    expect(linesIn(place)).toBe(8);
  });

  test('a bulk has as many bytes as the limit, and at least one hit', async () => {
    const { spool } = openNew({ limits: { maxBodyBytes: 300 } });
    await spool.store([...'abc'].map((name) => hit(name.repeat(100))).concat(hit('d'.repeat(500))));
    const bulks: number[] = [];
    for (let claim = await spool.claim(100, ALL); claim; claim = await spool.claim(100, ALL)) {
      bulks.push(claim.hits.length);
      await claim.done({});
    }
    expect(bulks).toEqual([2, 1, 1]);
  });

  test('what waits is known, and how old it is', async () => {
    const { spool, counts, balance } = openNew();
    const before = Math.floor(Date.now()) / 1000;
    await spool.store(hits('abc'));
    expect(spool.hits).toBe(3);
    expect(spool.oldestSeconds).toBeGreaterThanOrEqual(before);
    const claim = await spool.claim(2, ALL);
    expect([spool.hits, spool.count]).toEqual([1, 2]);
    expect(balance(3)).toEqual([5, 5]);
    await claim?.done({ tracked: 1, invalid: 1 });
    await drain({ spool });
    expect([spool.hits, spool.count, spool.oldestSeconds]).toEqual([0, 0, Infinity]);
    expect(counts).toMatchObject({ stored: 3, claimed: 3, tracked: 2, invalid: 1 });
    expect(balance(3)).toEqual([6, 6]);
  });

  test('what others left is known', async () => {
    const { place, spool } = openNew();
    await spool.store([...Array(50)].map((_, i) => hit(`${'x'.repeat(400)}${i}`)));
    await (await spool.claim(10, ALL))?.done({ tracked: 10 });
    await spool.close();
    const next = openIn(place, { maxBytes: 20_000 });
    await eventually(() => next.spool.hits === 40);
    await eventually(async () => (await next.spool.store(hits('a'))) === 0);
    expect(next.codes()).toEqual(['spool-not-written']);
  });
});

describe('hits that failed', () => {
  test('are a file of their own, as old as before, if others of their bulk have results', async () => {
    const { place, spool, balance } = openNew();
    await spool.store(hits('abcd'));
    const [, , storedMillis] = /^(\d)-(\d+)/.exec(spoolFiles(place)[0] ?? '') ?? [];
    const claim = await spool.claim(3, ALL);
    const done = claim?.done({ tracked: 2 }, [{ hits: hits('b'), failures: 2 }]);
    const [came, known] = balance(4);
    expect(known).toBe(came); // also while it is written
    await done;
    expect(spoolFiles(place).map((name) => name.split('-').slice(0, 2))).toEqual([
      ['0', storedMillis],
      ['2', storedMillis],
    ]);
    expect(spool.suspects).toBe(1);
    expect(namesOf((await spool.claim(10, 0))?.hits)).toBe('d');
    expect(balance(4)).toEqual([8, 8]);
  });

  test('need a token if they did before', async () => {
    const { place, spool } = openNew({ hasToken: false });
    await spool.store(hits('ab'));
    await spool.close();
    const next = openIn(place, { hasToken: true });
    const claim = await claimed(next);
    await claim.done({ tracked: 1 }, [{ hits: hits('b'), failures: 1 }]);
    expect(await drainAll(openIn(place, { hasToken: false }), 1)).toBe('b');
  });

  test('wait in memory if the disk is full, while others are sent, and are written when it has room', async () => {
    const disk = await mountTinyDisk(64);
    const { spool, balance } = openIn(disk.folder, { limits: { maxFileHits: 40 } });
    const some = [...Array(40)].map((_, i) => hit(`${'x'.repeat(200)}${i}`));
    expect([await spool.store(some), await spool.store(some)]).toEqual([40, 40]);
    const claim = await claimed({ spool }, 35);
    disk.fill();
    const failed = { hits: claim.hits.slice(0, 30), failures: 1 };
    expect(await claim.done({ tracked: 5 }, [failed])).toBe(true);
    expect(spool.count).toBe(30);
    expect(balance(80)).toEqual([115, 115]);
    const rest = await claimed({ spool });
    expect(rest.hits).toHaveLength(5);
    await rest.done({}, [rest]);
    expect(spool.count).toBe(30);
    disk.makeRoom();
    expect((await claimed({ spool }, 35)).hits).toHaveLength(5);
    expect(spool.count).toBe(5);
    expect(linesIn(disk.folder)).toBe(75);
  });
});

describe('processes', () => {
  test('after an attempt that failed, nothing is claimed while another process sends', async () => {
    const { place, spool } = openNew();
    const other = openIn(place);
    await spool.store(hits('a'));
    await other.spool.store(hits('b'));
    const fail = async () => {
      const claim = await spool.claim(1, ALL);
      await claim?.done({}, [claim]);
      return namesOf(claim?.hits);
    };
    expect(await fail()).toBe('a');
    const trying = await claimed(other);
    // The names that it knows may be some milliseconds old.
    await eventually(async () => (await fail()) === '');
    await trying.done({ tracked: 1 });
    expect(await drainAll({ spool }, 1)).toBe('a');
  });

  test('if Matomo hangs, eight lose no more than one: it is tried by one at a time', async () => {
    const place = temporaryFolder();
    const all = Array.from({ length: 8 }, () => openIn(place, SLOW));
    for (const { spool } of all) {
      await spool.store(hits('abcdefgh'));
      await (await spool.claim(1, ALL))?.done({ unconfirmed: 1 });
    }
    for (let round = 0; round < 5; round++) {
      const trying = [];
      for (const { spool } of all) trying.push(await spool.claim(1, ALL));
      const [claim, ...others] = trying.filter((one) => one !== undefined);
      expect(others).toEqual([]);
      await claim?.done({ unconfirmed: 1 });
    }
    expect(all.reduce((sum, { counts }) => sum + counts.lost.unconfirmed, 0)).toBe(8 + 5);
  });

  test('own hits are first, then the oldest of others', async () => {
    const { place, spool } = openNew();
    for (const name of 'abcd') {
      letTimePass(1_000);
      const other = openIn(place);
      await other.spool.store(hits(name));
      await other.spool.close();
    }
    await eventually(async () => !(await spool.claim(1, -1)) && spool.hits === 4);
    await spool.store(hits('e'));
    expect(await drain({ spool }, 1)).toBe('eabcd');
  });

  test('a file that is claimed an hour after it was written is claimed once', async () => {
    const { place, spool } = openNew();
    await spool.store(hits('ab'));
    await spool.close();
    letTimePass(3_600_000);
    const one = openIn(place);
    const claim = await claimed(one, 1);
    const two = openIn(place);
    expect(await drain(two)).toBe('');
    expect(await claim.done({ tracked: 1 })).toBe(true);
    expect(await drainAll(two, 1)).toBe('b');
    expect(two.counts.lost.unconfirmed).toBe(0);
  });

  test('the file of a dead one is claimed', async () => {
    const { place, spool } = openNew();
    await spool.store(hits('ab'));
    const next = openIn(place, SOON_DEAD);
    expect(await drainAll(next, 2)).toBe('ab');
    // It was not dead: what it stores goes to a file of its own.
    expect(await spool.store(hits('c'))).toBe(1);
    await spool.close();
    expect(await drainAll(next, 1)).toBe('c');
  });

  test('one whose claim is taken at any moment of its end counts it, or the other does', async () => {
    const { place, ...folder } = openNew(SLOW);
    const hasty = { exportTimeoutMillis: 0, limits: { deadMillis: 0, listMillis: 0 } };
    const other = openIn(place, { ...hasty, resendUnconfirmed: true });
    for (let round = 1; round <= 300; round++) {
      await folder.spool.store(hits('abcd'));
      const claim = await claimed(folder);
      const failed = { hits: claim.hits.slice(0, 1), failures: 1 };
      const tracked = claim.hits.length - 1;
      const drained = drain(other);
      for (let turn = 0; turn < round % 10; turn++) await nextTurn();
      await claim.done({ tracked }, [failed]);
      await drained;
      await drain(other);
      expectBalance(folder, 4 * round);
      expectBalance(other, 0);
    }
  });

  test('a claim that is touched is not that of a dead one', async () => {
    const { place, spool } = openNew();
    await spool.store(hits('ab'));
    const claim = await spool.claim(1, ALL);
    letTimePass(80_000);
    await claim?.touch();
    letTimePass(80_000);
    const next = openIn(place);
    expect(await drain(next)).toBe('');
    expect(await claim?.done({ tracked: 1 })).toBe(true);
    expect(await drainAll(next, 1)).toBe('b');
  });

  test('a clock that is set back does not keep claims for ever', async () => {
    const { place, spool } = openNew();
    await spool.store(hits('ab'));
    await spool.claim(1, ALL);
    letTimePass(-86_400_000);
    expect(await drainAll(openIn(place), 1)).toBe('b');
  });
});

describe('a folder that cannot be used', () => {
  const storesAgain = async ({ spool }: Folder) => {
    await eventually(async () => spool.isUsable && (await spool.store(hits('b'))) === 1);
  };

  test('in whose place is a file: it is used when that is gone', async () => {
    const place = join(temporaryFolder(), 'spool');
    writeFileSync(place, '');
    const folder = openIn(place);
    expect(await folder.spool.store(hits('a'))).toBe(0);
    rmSync(place);
    await storesAgain(folder);
    expect(folder.codes()).toEqual(['spool-not-used', 'spool-used-again']);
  });

  test.each<[string, (place: string) => void]>([
    ['deleted', (place) => rmSync(place, { recursive: true })],
    ['emptied', (place) => readdirSync(place).forEach((name) => void rmSync(join(place, name)))],
  ])('that is %s: one line, and later hits are stored', async (_how, remove) => {
    requires('moving open files');
    const { place, ...folder } = openNew();
    await folder.spool.store(hits('a'));
    remove(place);
    await eventually(async () => {
      await storesAgain(folder);
      return existsSync(join(place, 'spool.json'));
    });
    expect(await drain(folder)).toMatch(/^b+$/);
    expect(folder.codes()).toEqual(['spool-lost']);
    expect(folder.counts.lost.spool).toBe(0);
  });

  test('whose disk is full: no hit is in a file and in memory', async () => {
    const disk = await mountTinyDisk(64);
    const folder = openIn(disk.folder);
    const many = [...Array(400)].map((_, i) => hit(`${'x'.repeat(400)}${i}`));
    let stored = 0;
    for (let i = 0; i < 400; i += 20) stored += await folder.spool.store(many.slice(i, i + 20));
    expect(stored).toBeGreaterThan(0);
    expect(stored).toBeLessThan(400);
    expect(linesIn(disk.folder)).toBe(stored);
    expect(folder.counts.stored).toBe(stored);
    expect(folder.codes()).toEqual(['spool-not-written']);
    // Sending makes room.
    expect(folder.spool.isUsable).toBe(true);
    const arrived = await drain(folder, 10);
    expect(arrived.length).toBeGreaterThan(0);
    await storesAgain(folder);
    expect(folder.codes()).toEqual(['spool-not-written', 'spool-written-again']);
  });

  test('whose disk is full, with nothing in it: hits are sent from memory', async () => {
    const disk = await mountTinyDisk(64);
    const folder = openIn(disk.folder, SLOW);
    disk.fill();
    expect(await folder.spool.store(hits('a'))).toBe(0);
    expect(folder.spool.isUsable).toBe(false);
    expect(linesIn(disk.folder)).toBe(0);
  });

  test('that becomes read-only: hits stay in memory, and are stored when it is writable', async () => {
    const disk = await mountTinyDisk(64);
    const folder = openIn(disk.folder);
    await folder.spool.store(hits('a'));
    disk.setReadOnly(true);
    expect(await folder.spool.store(hits('x'))).toBe(0);
    expect(await folder.spool.claim(1, ALL)).toBeUndefined();
    expect(folder.balance(2 - 1)).toEqual([1, 1]);
    disk.setReadOnly(false);
    await storesAgain(folder);
    expect(await drain(folder)).toBe('ab');
    expect(folder.codes()).toEqual([
      'spool-not-written',
      'spool-not-read',
      'spool-written-again',
      'spool-read-again',
    ]);
  });

  test('whose limit is reached: no more is stored, until something was sent', async () => {
    const folder = openIn(join(temporaryFolder(), 'spool'), { maxBytes: 200 });
    expect(await folder.spool.store(hits('abcdefgh'))).toBeLessThan(8);
    expect(folder.codes()).toEqual(['spool-not-written']);
    await drain(folder);
    await storesAgain(folder);
  });

  test('that hangs: hits stay in memory, and none is in a file', async () => {
    const { place, ...folder } = openNew({ limits: { operationMillis: 2_000 } });
    await folder.spool.store(hits('a'));
    const claim = await folder.spool.claim(1, ALL);
    const release = await hangDisk();
    expect(await folder.spool.store(hits('x'))).toBe(0);
    expect(folder.spool.isUsable).toBe(false);
    expect(await folder.spool.claim(1, ALL)).toBeUndefined();
    expect(await claim?.done({ tracked: 1 })).toBe(true);
    expect(folder.spool.storeNow?.(hits('y'))).toHaveLength(1);
    await folder.spool.close();
    expect(folder.balance(1)).toEqual([2, 2]);
    release();
    await storesAgain(folder);
    expect(folder.codes()).toEqual(['spool-not-written', 'spool-written-again']);
    expect(linesIn(place)).toBe(1);
    expect(await drain(folder)).toBe('b');
  });

  test('a claim that comes too late is given back', async () => {
    const { place, ...folder } = openNew({ limits: { operationMillis: 2_000 } });
    await folder.spool.store(hits('a'));
    const release = await hangDisk();
    expect(await folder.spool.claim(1, ALL)).toBeUndefined();
    release();
    expect(await drainAll(folder, 1)).toBe('a');
    expectBalance(folder, 1);
    expect(spoolFiles(place)).toEqual([]);
  });
});

describe('at the event exit', () => {
  test('whatever an append has just done, each hit is stored once', async () => {
    // One after the other: a turn must be long enough for a step of the append.
    for (let turns = 0; turns < 12; turns += 1) {
      const place = temporaryFolder();
      const child = startSpoolProcess(place, { EXIT_TURNS: String(turns) });
      await child.closed;
      expect(child.stdout()).toBe('EXIT 5003\n');
      const { spool } = openIn(place);
      const names: string[] = [];
      await eventually(async () => {
        for (let claim = await spool.claim(900, ALL); claim; claim = await spool.claim(900, ALL)) {
          names.push(...claim.hits.map(({ query }) => query));
          await claim.done({});
        }
        return linesIn(place) === 0;
      });
      expect(names).toHaveLength(5_003);
      expect(new Set(names).size).toBe(5_003);
    }
  });

  test('of a claim, only what has no result can be claimed again', async () => {
    for (const [left, then] of [
      ['', 'd'],
      ['b', 'bd'],
      ['abc', 'abcd'],
    ] as const) {
      const { place, spool, counts } = openNew();
      await spool.store(hits('abcd'));
      const claim = await spool.claim(3, ALL);
      const back = claim?.hits.filter(({ query }) => left.includes(query.slice(3))) ?? [];
      claim?.endNow?.({}, [{ hits: back, failures: 0 }]);
      expect(spool.count).toBe(0);
      expect(counts).toMatchObject({ stored: 4 + left.length, claimed: 3 });
      const names = await drainAll(openIn(place), then.length);
      expect([...names].sort().join('')).toBe(then);
    }
  });

  test('while a claim ends, its results are counted once', async () => {
    for (let turns = 0; turns < 12; turns += 1) {
      const place = temporaryFolder();
      const env = { EXIT_TURNS: String(turns), ENDS_CLAIM: '1' };
      const child = startSpoolProcess(place, env);
      await child.closed;
      expect(child.stdout()).toBe('COUNTED 5 3 2\n');
      expect(linesIn(place)).toBe(2);
      const { spool } = openIn(place);
      const [other, failed] = [await spool.claim(9, ALL), await spool.claim(9, ALL)];
      expect([other, failed].map((claim) => claim?.hits.length)).toEqual([1, 1]);
      expect(other?.failures).toBe(0);
      expect(failed?.failures).toBe(1);
    }
  });
});

describe('who may read and write', () => {
  test('a folder and its files are of this user alone', async () => {
    requires('file modes');
    const { place, spool } = openNew();
    await spool.store(hits('abc'));
    const claim = await spool.claim(2, ALL);
    await claim?.done({ tracked: 1 }, [{ hits: hits('a'), failures: 1 }]);
    spool.storeNow?.(hits('d'));
    for (const path of [place, ...readdirSync(place).map((name) => join(place, name))])
      expect(statSync(path).mode & 0o077).toBe(0);
  });

  test('a folder that is empty becomes private', async () => {
    requires('file modes');
    const place = temporaryFolder();
    chmodSync(place, 0o755);
    await openIn(place).spool.store(hits('a'));
    expect(statSync(place).mode & 0o777).toBe(0o700);
  });

  test('links, pipes, folders and other names are left alone, and one line says so', async () => {
    requires('file modes');
    const { place, spool } = openNew();
    await spool.store(hits('ab'));
    await spool.close();
    const [name = ''] = spoolFiles(place);
    const outside = join(temporaryFolder(), 'outside');
    writeFileSync(outside, readFileSync(join(place, name)));
    const older = (number: number, state = '0-3.hits') =>
      join(place, `0-1700000000000-0000000${number}-1.${state}`);
    symlinkSync(outside, older(1));
    symlinkSync(join(place, 'missing'), older(2));
    mkdirSync(older(3));
    execFileSync('mkfifo', [older(4)]);
    symlinkSync(outside, older(5, '0-1.1700000000000.part'));
    symlinkSync(outside, older(6, '0-2.1.00000000.1700000000000.sending'));
    writeFileSync(join(place, '0-1.hits'), 'foreign');
    writeFileSync(older(7, '0-999999999.hits'), 'more lines than fit into memory');
    const before = readdirSync(place).filter((other) => other !== name);
    const next = openIn(place, { ...SOON_DEAD, maxAgeMillis: ALL });
    expect(await drainAll(next, 2)).toBe('ab');
    expect(await drain(next)).toBe('');
    expect(readdirSync(place).sort()).toEqual(before.sort());
    expect(next.codes()).toEqual(['spool-owner']);
    expect(next.counts.claimed).toBe(2);
  });

  test('a link in place of the file that is written is not followed', async () => {
    requires('file modes');
    const { place, spool, ...folder } = openNew();
    await spool.store(hits('a'));
    const [name = ''] = spoolFiles(place);
    const victim = join(temporaryFolder(), 'victim');
    writeFileSync(victim, 'mine');
    renameSync(join(place, name), `${victim}-moved`);
    symlinkSync(victim, join(place, name));
    await spool.store(hits('b'));
    expect(readFileSync(victim, 'utf8')).toBe('mine');
    expect(folder.codes()).toEqual(['spool-not-written']);
  });

  test('a folder that every user can write to is used only if it has the sticky bit', async () => {
    requires('file modes');
    const place = temporaryFolder();
    writeFileSync(join(place, 'other file'), '');
    chmodSync(place, 0o777);
    const folder = openIn(place);
    expect(await folder.spool.store(hits('a'))).toBe(0);
    expect(folder.lines).toEqual([expect.stringMatching(/no sticky bit.*\[spool-owner\]$/)]);
    chmodSync(place, 0o1777);
    await eventually(() => folder.spool.isUsable);
    expect(await folder.spool.store(hits('a'))).toBe(1);
    expect(statSync(place).mode & 0o777).toBe(0o777);
  });

  test("another user's files and folders are not used", async () => {
    requires('root');
    const { place, spool } = openNew();
    await spool.store(hits('a'));
    await spool.close();
    const [name = ''] = spoolFiles(place);
    chownSync(join(place, name), OTHER_USER, OTHER_USER);
    const next = openIn(place);
    await eventually(async () => {
      expect(await next.spool.claim(1, ALL)).toBeUndefined();
      return next.codes().length > 0;
    });
    expect(next.codes()).toEqual(['spool-owner']);
    chownSync(place, OTHER_USER, OTHER_USER);
    const refused = openIn(place, SLOW);
    expect(refused.spool.isUsable).toBe(false);
    expect(refused.codes()).toEqual(['spool-owner']);
  });

  test("another Matomo's folder is not used, and a damaged or linked description neither", async () => {
    const { place } = openNew();
    const path = join(place, 'spool.json');
    const text = readFileSync(path, 'utf8');
    const refused: (readonly [lines: readonly string[], why: RegExp])[] = [];
    const refuse = (why: RegExp, setup: Partial<FolderSetup> = {}) => {
      const folder = openIn(place, { ...setup, ...SLOW });
      expect(folder.spool.isUsable).toBe(false);
      refused.push([folder.lines, why]);
    };
    refuse(/belongs to https:\/\/matomo\.test/, { matomoUrl: 'https://other.test/matomo.php' });
    writeFileSync(path, text.slice(1));
    refuse(/cannot read its spool\.json/);
    if (process.platform !== 'win32') {
      const copy = join(temporaryFolder(), 'copy');
      writeFileSync(copy, text);
      rmSync(path);
      symlinkSync(copy, path);
      refuse(/spool-not-used/);
    }
    for (const [lines, why] of refused) expect(lines).toEqual([expect.stringMatching(why)]);
  });
});

test('processes share the visitor keys of the day, and delete those of other days', async () => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 20, 12), toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const day = Math.floor(Date.now() / 86_400_000);
  const [one, other] = [new DailyKeys(), new DailyKeys()];
  onTestFinished(() => {
    one.close();
    other.close();
  });
  const { place, spool } = openNew({ keys: one });
  writeFileSync(join(place, 'visitor-2026-11-18.key'), 'old');
  const next = openIn(place, { keys: other });
  const keyOf = (keys: DailyKeys, of: number) => keys.keyOf(of)?.toString('hex');
  expect(keyOf(one, day)).toBe(keyOf(other, day));
  expect(spoolFiles(place)).toEqual(['visitor-2026-11-20.key']);
  vi.setSystemTime(Date.UTC(2026, 10, 21, 12));
  await spool.store(hits('a'));
  await next.spool.store(hits('b'));
  expect(keyOf(one, day + 1)).toBe(keyOf(other, day + 1));
  expect(spoolFiles(place).filter((name) => name.endsWith('.key'))).toEqual([
    'visitor-2026-11-21.key',
  ]);
});

test('a visitor key that is damaged is not used, and one line says so', async () => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 20, 12), toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const keys = new DailyKeys();
  onTestFinished(() => keys.close());
  const { place } = openNew();
  writeFileSync(join(place, 'visitor-2026-11-20.key'), 'damaged');
  const folder = openIn(place, { keys });
  expect(folder.codes()).toEqual(['spool-visitor-key']);
  expect(await folder.spool.store(hits('a'))).toBe(1);
});

/** Makes all operations of the disk wait until the result is called: each thread opens a pipe that nobody writes to. */
async function hangDisk(): Promise<() => void> {
  requires('signals');
  const pipe = join(temporaryFolder(), 'pipe');
  execFileSync('mkfifo', [pipe]);
  const threads = Number(process.env.UV_THREADPOOL_SIZE ?? 4);
  const opened = [...Array(threads)].map(() => open(pipe, 'r'));
  let isHanging = true;
  const release = () => {
    if (!isHanging) return;
    isHanging = false;
    const writer = openSync(pipe, 'r+');
    void Promise.all(opened).then(async (files) => {
      for (const file of files) await file.close();
      closeSync(writer);
    });
  };
  onTestFinished(release);
  return release;
}

test('whatever is cut or changed, and whoever dies, each hit that was stored is counted once', async () => {
  const random = seededRandom();
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T;
  for (let round = 0; round < 4; round++) {
    const place = temporaryFolder();
    const put = new Map<Folder, number>();
    const all: Folder[] = [];
    const start = () => {
      const folder = openIn(place, { limits: { deadMillis: 1e9, listMillis: 0, maxFileHits: 7 } });
      put.set(folder, 0);
      all.push(folder);
      return folder;
    };
    let alive = [start(), start(), start()];
    let number = 0;
    let damages = 0;
    for (let i = 0; i < 80; i++) {
      const folder = pick(alive);
      const { spool } = folder;
      const kind = random();
      if (kind < 0.35) {
        const some: Hits = [...Array(Math.ceil(random() * 9))].map(() => hit(`${++number}.`));
        put.set(folder, (put.get(folder) ?? 0) + (await spool.store(some)));
      } else if (kind < 0.8) {
        const claim = await spool.claim(Math.ceil(random() * 5), pick([1, ALL]));
        const back = claim?.hits.filter(() => random() < 0.3) ?? [];
        const results = { tracked: (claim?.hits.length ?? 0) - back.length };
        const failures = pick([0, 1]) + (claim?.failures ?? 0);
        await claim?.done(results, [{ hits: back, failures }]);
      } else if (kind < 0.9) {
        await spool.close();
        alive = alive.filter((other) => other !== folder);
        alive.push(start());
      } else {
        const name = pick(spoolFiles(place).filter((file) => file.endsWith('.hits')));
        if (name === undefined) continue;
        const path = join(place, name);
        const data = readFileSync(path);
        const at = Math.floor(random() * data.length);
        const flipped = (data[at] ?? 0) ^ (1 << Math.floor(random() * 8));
        const isCut = random() < 0.5;
        if (!isCut && data.length > 0) data[at] = flipped;
        writeFileSync(path, isCut ? data.subarray(0, at) : data);
        damages += isCut ? linesIn(place) : 2;
      }
    }
    for (const { spool } of alive) await spool.close();
    const last = start();
    await eventually(async () => {
      await drain(last);
      return spoolFiles(place).length === 0;
    });
    const sum = (of: (folder: Folder) => number) => all.reduce((total, one) => total + of(one), 0);
    for (const folder of all) expectBalance(folder, put.get(folder) ?? 0);
    const stored = sum(({ counts }) => counts.stored);
    // Names say how many lines a file has.
    expect(sum(({ counts }) => counts.claimed)).toBe(stored);
    expect(sum(({ counts }) => counts.lost.spool)).toBeLessThanOrEqual(damages);
  }
});

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { startRedis } from '../../support/redis-server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import type { Opened } from '../doors/spool-store.js';
import { openStore, type StoreKind, type StoreSetup } from '../doors/store.js';
import {
  ALL,
  drain,
  drainAll,
  drainBulks,
  expectBalance,
  hit,
  hits,
  namesOf,
  SOON_DEAD,
} from './support.js';

type Open = (setup?: Omit<StoreSetup, 'place'>) => Promise<Opened>;

/** What is stored at once may be claimed at once: each word is. */
async function storeEach({ spool }: Opened, words: string): Promise<void> {
  for (const word of words.split(' ')) await spool.store(hits(word));
}

const claimed = ({ spool }: Opened, most = 100) => eventually(() => spool.claim(most, ALL));

/** Claims hits and gives them back. Resolves with their names. */
async function giveBack(opened: Opened, most: number, failures: number): Promise<string> {
  const claim = await claimed(opened, most);
  await claim.done({}, [{ hits: claim.hits, failures }]);
  return namesOf(claim.hits);
}

async function placeOf(kind: StoreKind): Promise<string> {
  if (kind === 'memory') return '';
  return kind === 'folder' ? temporaryFolder() : (await startRedis()).url;
}

interface Row {
  readonly title: string;
  /** Default: all. */
  readonly kinds?: readonly StoreKind[];
  run(open: Open, place: string): Promise<void>;
}

const SHARED = ['folder', 'redis'] as const;

const ROWS: readonly Row[] = [
  {
    title: 'what was stored is claimed in its order, at most as many hits as asked for',
    async run(open) {
      const store = await open();
      await storeEach(store, 'abcd e');
      expect(await drainBulks(store, 2)).toEqual(['ab', 'cd', 'e']);
    },
  },
  {
    title: 'a hit keeps its text, visitor, site and time',
    async run(open) {
      const store = await open();
      const given = ['w', '', '-', 'a %b\n', 'größer', '\0'].map((visitor, i) => ({
        ...hit('ä%20"\\'),
        visitor,
        site: 7,
        startSeconds: 1_800_000_007.5 + i,
      }));
      await store.spool.store(given);
      expect((await claimed(store)).hits).toMatchObject(given);
    },
  },
  {
    title: 'an empty store has nothing to claim',
    async run(open) {
      const store = await open();
      expect(await store.spool.claim(10, ALL)).toBeUndefined();
      await storeEach(store, 'a');
      expect(await drain(store)).toBe('a');
      expect(await store.spool.claim(10, ALL)).toBeUndefined();
    },
  },
  {
    title: 'what is claimed is not claimed again before it has a result',
    async run(open) {
      const store = await open();
      await storeEach(store, 'a b');
      expect(namesOf((await store.spool.claim(1, ALL))?.hits)).toBe('a');
      expect(namesOf((await store.spool.claim(10, ALL))?.hits)).not.toContain('a');
    },
  },
  {
    title: 'no more hits are stored than the limit, claimed ones included',
    kinds: ['memory'],
    async run(open) {
      const store = await open({ maxHits: 3 });
      expect(await store.spool.store(hits('abcde'))).toBe(3);
      const claim = await claimed(store);
      expect(namesOf(claim.hits)).toBe('abc');
      expect(await store.spool.store(hits('f'))).toBe(0);
      await claim.done({ tracked: 3 });
      expect(await store.spool.store(hits('g'))).toBe(1);
      expect(await drain(store)).toBe('g');
    },
  },
  {
    title: 'what is given back comes after all that has failed less often, with its failures',
    async run(open) {
      const store = await open();
      await storeEach(store, 'ab');
      const claim = await claimed(store);
      await storeEach(store, 'cd');
      await claim.done({}, [{ hits: claim.hits, failures: 1 }]);
      const next = await claimed(store);
      expect([namesOf(next.hits), next.failures]).toEqual(['cd', 0]);
      await next.done({});
      const again = await claimed(store);
      expect([namesOf(again.hits), again.failures]).toEqual(['ab', 1]);
    },
  },
  {
    title: 'what is given back without a failure keeps its place',
    async run(open) {
      const store = await open();
      await storeEach(store, 'abc de');
      expect(await giveBack(store, 2, 0)).toBe('ab');
      expect(await drainBulks(store, 3)).toEqual(['abc', 'de']);
    },
  },
  {
    title: 'hits that failed more often than asked for stay',
    async run(open) {
      const store = await open();
      await storeEach(store, 'a b');
      for (const failures of [1, 2]) await giveBack(store, 1, failures);
      expect(await store.spool.claim(10, 0)).toBeUndefined();
      const failed = await store.spool.claim(10, 1);
      expect(namesOf(failed?.hits)).toBe('a');
      await failed?.done({ tracked: 1 });
      expect(await store.spool.claim(10, 1)).toBeUndefined();
      expect(await drain(store)).toBe('b');
    },
  },
  {
    title: 'suspects are claimed one by one, and in turn',
    async run(open) {
      const store = await open();
      await storeEach(store, 'a b');
      for (let i = 0; i < 2; i += 1) await giveBack(store, 1, 2);
      let names = '';
      for (let i = 0; i < 4; i += 1) names += await giveBack(store, 100, 2);
      expect(names).toMatch(/^(?:abab|baba)$/);
    },
  },
  {
    title: 'a part is given back, and the rest has a result',
    async run(open) {
      const store = await open();
      await storeEach(store, 'abc');
      const claim = await claimed(store);
      await claim.done({ tracked: 2 }, [{ hits: claim.hits.slice(1, 2), failures: 2 }]);
      const again = await claimed(store);
      expect([namesOf(again.hits), again.failures]).toEqual(['b', 2]);
      await again.done({ tracked: 1 });
      expect(await store.spool.claim(10, ALL)).toBeUndefined();
    },
  },
  {
    title: 'what has expired is not claimed, and counted once, by whoever sees it',
    kinds: SHARED, // memory is told what is too old
    async run(open, place) {
      const writer = await open();
      await storeEach(writer, 'ab');
      await writer.spool.close();
      // In a folder, all processes see hits that need a token.
      const old = { maxAgeMillis: -1, hasToken: place.startsWith('redis') };
      const openers = [await open(old), await open(old)];
      await eventually(async () => {
        for (const { spool } of openers) expect(await spool.claim(10, ALL)).toBeUndefined();
        return openers.reduce((sum, { counts }) => sum + counts.lost.expired, 0) === 2;
      });
      for (const each of openers) expectBalance(each, 0);
    },
  },
  {
    title: 'of two openers that claim at once, each hit goes to one',
    kinds: SHARED,
    async run(open) {
      const [one, two] = [await open(), await open()];
      await storeEach(one, 'a b c d e f g h');
      const names = await Promise.all([drain(one, 1), drain(two, 1)]);
      expect([...names.join('')].sort().join('')).toBe('abcdefgh');
    },
  },
  {
    title: 'a bulk of which nothing is heard is unconfirmed, and counted by who claims the rest',
    kinds: SHARED,
    async run(open) {
      const [slow, heir] = [await open(), await open(SOON_DEAD)];
      await storeEach(slow, 'ab cd ef');
      const claim = await claimed(slow, 2);
      expect(await drainAll(heir, 4)).toBe('cdef');
      await eventually(async () => (await drain(heir)) === '' && heir.counts.lost.unconfirmed > 0);
      expect(heir.counts.lost.unconfirmed).toBe(2);
      expect(heir.codes()).toEqual(['unconfirmed']);
      await claim.touch();
      const back = [{ hits: claim.hits.slice(1), failures: 1 }];
      expect(await claim.done({ tracked: 1 }, back)).toBe(false);
      expect(slow.counts.tracked).toBe(0);
      expectBalance(slow, 6);
      expectBalance(heir, 0);
    },
  },
  {
    title:
      'with resendUnconfirmed, the bulk of a dead opener comes back, too, without what was done',
    kinds: SHARED,
    async run(open) {
      const given = { ...SOON_DEAD, resendUnconfirmed: true };
      const [dead, heir] = [await open(given), await open(given)];
      await storeEach(dead, 'ab c d');
      await (await claimed(dead, 2)).done({ tracked: 2 });
      await claimed(dead, 1);
      expect([...(await drainAll(heir, 2))].sort().join('')).toBe('cd');
      expect(heir.counts.lost.unconfirmed).toBe(0);
    },
  },
  {
    title: 'hits that need a token are left to an opener that has one',
    kinds: SHARED,
    async run(open) {
      const without = await open({ ...SOON_DEAD, hasToken: false });
      const withToken = await open(SOON_DEAD);
      await storeEach(withToken, 't');
      await withToken.spool.close();
      await storeEach(without, 'n');
      expect(await drain(without)).toBe('n');
      const other = await open(SOON_DEAD);
      await storeEach(without, 'm');
      await without.spool.close();
      expect(await drainAll(other, 2)).toBe('tm');
    },
  },
  ...(['a flipped byte', 'a cut line'] as const).map(
    (damage): Row => ({
      title: `${damage} costs one hit, which is counted`,
      kinds: ['folder'],
      async run(open, place) {
        const writer = await open();
        await storeEach(writer, 'abc');
        await writer.spool.close();
        const by = damage === 'a cut line' ? '$1' : '$1=B';
        changeFile(place, (text) =>
          text.replace(damage === 'a cut line' ? /(h)=b.*/ : /(h)=b/, by),
        );
        const reader = await open();
        expect(await drainAll(reader, 2)).toBe('ac');
        expect(reader.counts.lost.spool).toBe(1);
      },
    }),
  ),
  {
    title: 'what is appended by a stranger is not sent',
    kinds: ['folder'],
    async run(open, place) {
      const writer = await open();
      await storeEach(writer, 'ab');
      await writer.spool.close();
      changeFile(place, (text) => `${text}?h=z\n`);
      expect(await drainAll(await open(), 2)).toBe('ab');
    },
  },
];

/** Changes the only file with hits. */
function changeFile(folder: string, change: (text: string) => string): void {
  const [name = ''] = readdirSync(folder).filter((each) => each.endsWith('.hits'));
  const path = join(folder, name);
  writeFileSync(path, change(readFileSync(path, 'latin1')), 'latin1');
}

const KINDS: readonly StoreKind[] = ['memory', 'folder', 'redis'];

describe.each(KINDS)('a store in %s', (kind) => {
  const rows = ROWS.filter(({ kinds }) => kinds?.includes(kind) ?? true);
  test.each(rows)('$title', async ({ run }) => {
    const place = await placeOf(kind);
    await run((setup) => openStore(kind, { place, ...setup }), place);
  });
});

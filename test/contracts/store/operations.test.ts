import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { startRedis } from '../../support/redis-server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import {
  type Claim,
  openStore,
  type Store,
  type StoredHit,
  type StoreKind,
  type StoreSetup,
} from '../doors/store.js';

const DEAD_MILLIS = 200;

type Setup = Omit<Partial<StoreSetup>, 'kind' | 'place'>;
type Open = (setup?: Setup) => Promise<Store>;

const hit = (name: string, more: Partial<StoredHit> = {}): StoredHit => ({
  visitor: 'v',
  startSeconds: 1_800_000_000,
  query: `?h=${name}`,
  ...more,
});
const hits = (names: string) => [...names].map((name) => hit(name));
/** What is stored at once may be claimed at once: each word is. */
async function storeEach(store: Store, words: string): Promise<void> {
  for (const word of words.split(' ')) await store.store(hits(word));
}

const namesOf = (claim: Claim | undefined) =>
  claim?.hits.map(({ query }) => query.replace('?h=', '')).join('') ?? '';
const claimed = (store: Store, most = 100) => eventually(() => store.claim(most));

/** Claims and ends all there is, bulk by bulk. */
async function drain(store: Store, most = 100): Promise<string[]> {
  const bulks: string[] = [];
  for (;;) {
    const claim = await store.claim(most);
    if (!claim) return bulks;
    bulks.push(namesOf(claim));
    await claim.done();
  }
}

/** The same until so many hits came: others may have just stored them. */
async function drainAll(store: Store, hits: number, most = 100): Promise<string[]> {
  const bulks: string[] = [];
  await eventually(async () => {
    bulks.push(...(await drain(store, most)));
    return bulks.join('').length >= hits;
  });
  return bulks;
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
      await storeEach(store, 'ab cd e');
      expect(await drain(store, 2)).toEqual(['ab', 'cd', 'e']);
      expect(store.counts()).toMatchObject({ stored: 5, claimed: 5 });
    },
  },
  {
    title: 'a hit keeps its text, visitor and time',
    async run(open) {
      const store = await open();
      const given = hit('ä%20"\\', { visitor: 'w', startSeconds: 1_800_000_007 });
      await store.store([given]);
      expect((await claimed(store)).hits).toMatchObject([given]);
    },
  },
  {
    title: 'an empty store has nothing to claim',
    async run(open) {
      const store = await open();
      expect(await store.claim(10)).toBeUndefined();
      await store.store(hits('a'));
      expect(await drain(store)).toEqual(['a']);
      expect(await store.claim(10)).toBeUndefined();
    },
  },
  {
    title: 'what is claimed is not claimed again before it has a result',
    async run(open) {
      const store = await open();
      await storeEach(store, 'a b');
      expect(namesOf(await store.claim(1))).toBe('a');
      expect(namesOf(await store.claim(10))).not.toContain('a');
    },
  },
  {
    title: 'no more hits are stored than the limit, claimed ones included; the others are counted',
    kinds: ['memory'],
    async run(open) {
      const store = await open({ limits: { maxHits: 3 } });
      await store.store(hits('abcde'));
      expect(store.counts()).toMatchObject({ stored: 3, refused: 2 });
      const claim = await claimed(store);
      expect(namesOf(claim)).toBe('abc');
      await store.store(hits('f'));
      expect(store.counts().refused).toBe(3);
      await claim.done();
      await store.store(hits('g'));
      expect(await drain(store)).toEqual(['g']);
    },
  },
  {
    title: 'what is given back comes after all that has failed less often, with its failures',
    async run(open) {
      const store = await open();
      await store.store(hits('ab'));
      const claim = await claimed(store);
      await store.store(hits('cd'));
      await claim.giveBack(claim.hits, 1);
      const next = await claimed(store);
      expect([namesOf(next), next.failures]).toEqual(['cd', 0]);
      await next.done();
      const again = await claimed(store);
      expect([namesOf(again), again.failures]).toEqual(['ab', 1]);
    },
  },
  {
    title: 'what is given back without a failure keeps its place',
    async run(open) {
      const store = await open();
      await storeEach(store, 'abc de');
      const claim = await claimed(store, 2);
      await claim.giveBack(claim.hits, 0);
      expect(await drain(store, 3)).toEqual(['abc', 'de']);
    },
  },
  {
    title: 'hits that failed more often than asked for stay',
    async run(open) {
      const store = await open();
      await storeEach(store, 'a b');
      for (const failures of [1, 2]) {
        const claim = await claimed(store, 1);
        await claim.giveBack(claim.hits, failures);
      }
      expect(await store.claim(10, 0)).toBeUndefined();
      const failed = await store.claim(10, 1);
      expect(namesOf(failed)).toBe('a');
      await failed?.done();
      expect(await store.claim(10, 1)).toBeUndefined();
      expect(namesOf(await store.claim(10))).toBe('b');
    },
  },
  {
    title: 'suspects are claimed one by one, and in turn',
    async run(open) {
      const store = await open();
      await storeEach(store, 'a b');
      for (let i = 0; i < 2; i += 1) {
        const claim = await claimed(store, 1);
        await claim.giveBack(claim.hits, 2);
      }
      const names: string[] = [];
      for (let i = 0; i < 4; i += 1) {
        const claim = await claimed(store);
        names.push(namesOf(claim));
        await claim.giveBack(claim.hits, 2);
      }
      const [first, second] = names;
      expect([first, second].sort()).toEqual(['a', 'b']);
      expect(names).toEqual([first, second, first, second]);
    },
  },
  {
    title: 'a part is given back, and the rest has a result',
    async run(open) {
      const store = await open();
      await store.store(hits('abc'));
      const claim = await claimed(store);
      await claim.giveBack(claim.hits.slice(1, 2), 2);
      await claim.done();
      const again = await claimed(store);
      expect([namesOf(again), again.failures]).toEqual(['b', 2]);
      await again.done();
      expect(await store.claim(10)).toBeUndefined();
    },
  },
  {
    title: 'what has expired is not claimed, and counted',
    kinds: SHARED, // memory is told what is too old
    async run(open) {
      const store = await open({ limits: { maxAgeMillis: 1 } });
      await store.store(hits('ab'));
      const storedMillis = Date.now();
      await eventually(() => Date.now() > storedMillis + 1);
      expect(await store.claim(10)).toBeUndefined();
      expect(store.counts().expired).toBe(2);
    },
  },
  {
    title: 'own hits are claimed first, then the oldest of others',
    kinds: ['folder'],
    async run(open) {
      const [first, second, third] = [await open(), await open(), await open()];
      await first.store(hits('a'));
      const storedMillis = Date.now(); // what is of one millisecond has no order
      await eventually(() => Date.now() > storedMillis);
      await second.store(hits('b'));
      await third.store(hits('c'));
      await first.close();
      await second.close();
      expect(await drainAll(third, 3, 1)).toEqual(['c', 'a', 'b']);
    },
  },
  {
    title: 'of two openers that claim at once, each hit goes to one',
    kinds: SHARED,
    async run(open) {
      const stores = [await open(), await open()];
      await storeEach(stores[0] as Store, 'a b c d e f g h');
      const bulks = (await Promise.all(stores.map((store) => drain(store, 1)))).flat();
      expect(bulks.sort().join('')).toBe('abcdefgh');
    },
  },
  {
    title: 'what a dead opener had claimed comes back, but its current bulk is unconfirmed',
    kinds: SHARED,
    async run(open) {
      const limits = { deadMillis: DEAD_MILLIS };
      const [dead, heir] = [await open({ limits }), await open({ limits })];
      await storeEach(dead, 'ab cd ef');
      expect(namesOf(await claimed(dead, 2))).toBe('ab');
      await dead.abandon();
      let names = '';
      await eventually(async () => {
        names += (await drain(heir)).join('');
        return names.length + heir.counts().unconfirmed === 6;
      });
      expect(names).toBe('cdef');
    },
  },
  {
    title: 'with resendUnconfirmed, the bulk of a dead opener comes back, too',
    kinds: SHARED,
    async run(open) {
      const given = { limits: { deadMillis: DEAD_MILLIS }, resendUnconfirmed: true };
      const [dead, heir] = [await open(given), await open(given)];
      await dead.store(hits('ab'));
      await claimed(dead);
      await dead.abandon();
      expect(namesOf(await claimed(heir))).toBe('ab');
      expect(heir.counts().unconfirmed).toBe(0);
    },
  },
  {
    title: 'what a dead opener was done with does not come back',
    kinds: SHARED,
    async run(open) {
      const given = { limits: { deadMillis: DEAD_MILLIS }, resendUnconfirmed: true };
      const [dead, heir] = [await open(given), await open(given)];
      await storeEach(dead, 'ab c d');
      await (await claimed(dead, 2)).done();
      await claimed(dead, 1);
      await dead.abandon();
      expect((await drainAll(heir, 2)).join('').split('').sort().join('')).toBe('cd');
    },
  },
  {
    title: 'hits that need a token are left to an opener that has one',
    kinds: SHARED,
    async run(open) {
      const given = { limits: { deadMillis: DEAD_MILLIS } };
      const without = await open({ ...given, hasToken: false });
      const withToken = await open({ ...given, hasToken: true });
      await withToken.store(hits('t'));
      await withToken.close();
      await without.store(hits('n'));
      expect(await drain(without)).toEqual(['n']);
      const other = await open({ ...given, hasToken: true });
      await without.store(hits('m'));
      await without.close();
      expect(await drainAll(other, 2)).toEqual(['t', 'm']);
    },
  },
  ...(['a flipped byte', 'a cut line'] as const).map(
    (damage): Row => ({
      title: `${damage} costs one hit, which is counted`,
      kinds: ['folder'],
      async run(open, place) {
        const writer = await open();
        await writer.store(hits('abc'));
        await writer.close();
        for (const path of filesOf(place)) {
          const text = readFileSync(path, 'latin1');
          const at = text.indexOf('h=b');
          if (at < 0) continue;
          const end = text.indexOf('\n', at);
          const damaged =
            damage === 'a cut line'
              ? text.slice(at, end).slice(0, 1)
              : `h=B${text.slice(at + 3, end)}`;
          writeFileSync(path, text.slice(0, at) + damaged + text.slice(end), 'latin1');
        }
        const reader = await open();
        const names: string[] = [];
        await eventually(async () => {
          names.push(...(await drain(reader)));
          return names.length > 0 && reader.counts().damaged === 1;
        });
        expect(names.join('')).toBe('ac');
      },
    }),
  ),
  {
    title: 'what is appended by a stranger is not sent',
    kinds: ['folder'],
    async run(open, place) {
      const writer = await open();
      await writer.store(hits('ab'));
      await writer.close();
      for (const path of filesOf(place))
        if (readFileSync(path, 'latin1').includes('h=a')) appendFileSync(path, '?h=z\n');
      const reader = await open();
      expect(await drainAll(reader, 2)).toEqual(['ab']);
    },
  },
];

/** All files below a folder. */
function filesOf(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}

const KINDS: readonly StoreKind[] = ['memory', 'folder', 'redis'];

describe.each(KINDS)('a store in %s', (kind) => {
  const rows = ROWS.filter(({ kinds }) => kinds?.includes(kind) ?? true);
  test.each(rows)('$title', async ({ run }) => {
    const place = await placeOf(kind);
    await run((setup) => openStore({ kind, place, ...setup }), place);
  });
});

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { startRedis } from '../../support/redis-server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import type { Opened, SpoolSetup } from '../doors/spool-store.js';
import { openStore, type StoreKind } from '../doors/store.js';
import {
  claimed,
  drain,
  drainAll,
  drainBulks,
  expectBalance,
  hit,
  hits,
  namesOf,
  SOON_DEAD,
} from './support.js';

type Open = (setup?: Omit<SpoolSetup, 'place'>) => Promise<Opened>;

/** Each word is put at once, into a file or an entry of its own. */
async function putEach({ spool }: Opened, words: string): Promise<void> {
  for (const word of words.split(' ')) expect(await spool.put(hits(word))).toBe(true);
}

/** With this option, a file has no more hits than a word. */
const SMALL = { maxExportBatchSize: 1 };

/** Claims hits and gives them back. Resolves with their names. */
async function giveBack(opened: Opened, most: number, isBehind: boolean): Promise<string> {
  const claim = await claimed(opened, most);
  await claim.done({}, claim.hits, isBehind);
  return namesOf(claim.hits);
}

async function placeOf(kind: StoreKind): Promise<string> {
  if (kind === 'memory') return '';
  return kind === 'folder' ? temporaryFolder() : (await startRedis()).url;
}

interface Row {
  readonly title: string;
  /** @default all */
  readonly kinds?: readonly StoreKind[];
  run(open: Open, place: string): Promise<void>;
}

const SHARED = ['folder', 'redis'] as const;

const ROWS: readonly Row[] = [
  {
    title: 'what was put is claimed in its order, at least as many hits as asked for',
    async run(open) {
      const store = await open(SMALL);
      await putEach(store, 'ab cd e');
      expect((await drainBulks(store, 2)).join(' ')).toBe('ab cd e');
    },
  },
  {
    title: 'small puts are claimed together',
    kinds: ['memory', 'redis'],
    async run(open) {
      const store = await open(SMALL);
      await putEach(store, 'ab c d e f');
      expect((await drainBulks(store, 4))[0]).toBe('abcd');
    },
  },
  {
    title: 'a hit keeps its text, visitor, site, time, and failures',
    async run(open) {
      const store = await open();
      const given = ['w', '', '-', 'a %b\n', 'größer', '\0'].map((visitor, i) => ({
        ...hit('ä%20"\\'),
        visitor,
        site: 7,
        startSeconds: 1_800_000_007.5 + i,
        ...(i > 1 && { failures: i - 2 }),
      }));
      await store.spool.put(given);
      expect((await claimed(store)).hits).toEqual(given);
    },
  },
  {
    title: 'what is claimed is not claimed again before it has a result',
    kinds: ['memory', 'folder'], // to a process that asks again, Redis gives what it has claimed: it has not got it
    async run(open) {
      const store = await open(SMALL);
      await putEach(store, 'a b');
      expect(namesOf((await store.spool.claim(1))?.hits)).toBe('a');
      expect(namesOf((await store.spool.claim(10))?.hits)).toBe('b');
    },
  },
  {
    title: 'what is given back keeps its place, or goes behind all others',
    async run(open) {
      const store = await open(SMALL);
      await putEach(store, 'ab cd');
      expect(await giveBack(store, 2, false)).toBe('ab');
      expect(await giveBack(store, 2, true)).toBe('ab');
      expect((await drainBulks(store, 2)).join(' ')).toBe('cd ab');
      expectBalance(store, 4);
    },
  },
  {
    title: 'a part is given back, with its failures, and the rest has a result',
    async run(open) {
      const store = await open();
      await putEach(store, 'abc');
      const claim = await claimed(store);
      const back = [{ ...hit('b'), failures: 2 }];
      expect(await claim.done({ tracked: 2 }, back)).toBe(true);
      const again = await claimed(store);
      expect(again.hits).toEqual(back);
      await again.done({ tracked: 1 }, []);
      expect(await store.spool.claim(10)).toBeUndefined();
      expect(store.counts.tracked).toBe(3);
      expectBalance(store, 3);
    },
  },
  {
    title: 'a claim of which nothing is heard is unconfirmed, and counted by who finds it',
    kinds: SHARED,
    async run(open) {
      const [slow, heir] = [await open({ ...SOON_DEAD, ...SMALL }), await open(SOON_DEAD)];
      await putEach(slow, 'ab cd');
      const claim = await claimed(slow, 2);
      await eventually(async () => (await drain(heir)) === '' && heir.counts.lost.unconfirmed > 0);
      expect(heir.counts.lost.unconfirmed).toBe(2);
      expect(heir.codes()).toEqual(['unconfirmed']);
      expect(await claim.done({ tracked: 1 }, claim.hits.slice(1), true)).toBe(false);
      expect(slow.counts.tracked).toBe(0);
      expectBalance(slow, 4);
      expectBalance(heir, 0);
    },
  },
  {
    title: 'with resendUnconfirmed, the claim of a dead opener comes back, but not what was done',
    kinds: SHARED,
    async run(open) {
      const given = { ...SOON_DEAD, ...SMALL, resendUnconfirmed: true };
      const [dead, heir] = [await open(given), await open(given)];
      await putEach(dead, 'ab c');
      await (await claimed(dead, 2)).done({ tracked: 2 }, []);
      await claimed(dead, 1);
      expect(await drainAll(heir, 1)).toBe('c');
      expect(heir.counts.lost.unconfirmed).toBe(0);
      expect(heir.counts.resent).toBe(1);
    },
  },
  {
    title: 'hits that need a token are left to an opener that has one',
    kinds: SHARED,
    async run(open) {
      const without = await open({ ...SOON_DEAD, hasToken: false });
      const withToken = await open(SOON_DEAD);
      await putEach(withToken, 't');
      await withToken.spool.close();
      await putEach(without, 'n');
      expect(await drain(without)).toBe('n');
      const other = await open(SOON_DEAD);
      await putEach(without, 'm');
      await without.spool.close();
      expect([...(await drainAll(other, 2))].sort().join('')).toBe('mt');
    },
  },
  ...(['an overwritten line', 'a cut line'] as const).map(
    (damage): Row => ({
      title: `${damage} costs one hit, which is counted`,
      kinds: ['folder'],
      async run(open, place) {
        const writer = await open();
        await putEach(writer, 'abc');
        await writer.spool.close();
        changeFile(place, (text) =>
          damage === 'a cut line' ? text.slice(0, -3) : text.replace(/^.*h=c$/m, 'deleted'),
        );
        const reader = await open();
        expect(await drainAll(reader, 2)).toBe('ab');
        expect(reader.counts.lost.spool).toBe(1);
        expect(reader.codes()).toEqual(['spool-damaged']);
      },
    }),
  ),
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

import { describe, expect, test } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { type FileStep, type Folder, filesOf, openFolderSpool } from '../doors/folder-store.js';
import { drain, drainAll, hits } from './support.js';

/** A spool in a folder whose disk hangs at the next step of a kind. */
async function openHanging() {
  const place = temporaryFolder();
  const files = filesOf(place);
  const begun: FileStep[] = [];
  let hangsAt: FileStep[0] | undefined;
  let goOn: () => void = () => undefined;
  const folder = await openFolderSpool(
    { place, maxExportBatchSize: 3 },
    {
      ...files,
      async run(step) {
        begun.push(step);
        if (step[0] === hangsAt)
          await new Promise<void>((resolve) => {
            goOn = resolve;
          });
        return files.run(step);
      },
      runNow(step) {
        begun.push(step);
        return files.runNow(step);
      },
    },
  );
  return {
    ...folder,
    begun,
    /** An operation may take a part of the usual 5 s. */
    async hang(operation: FileStep[0]) {
      await folder.spool.hurry?.(250);
      hangsAt = operation;
    },
    goOn() {
      hangsAt = undefined;
      goOn();
    },
    other: () => openFolderSpool({ place }),
  };
}

const idle = ({ spool }: Folder) => eventually(() => spool.isUsable);

describe('if the disk hangs', () => {
  test.each(['create', 'rename'] as const)(
    'in a %s while hits are put: they are pending, others are refused, and all count once when it goes on',
    async (operation) => {
      const { spool, counts, hang, goOn, begun, ...folder } = await openHanging();
      await hang(operation);
      expect(await spool.put(hits('ab'))).toBe(true);
      expect([spool.isUsable, spool.count, counts.stored]).toEqual([false, 2, 0]);
      const { length } = begun;
      expect(await spool.put(hits('c'))).toBe(false);
      expect(await spool.claim(9)).toBeUndefined();
      await spool.close();
      expect(begun).toHaveLength(length);
      expect(folder.balance(2)).toEqual([2, 2]);
      goOn();
      await idle({ spool } as Folder);
      expect([spool.count, counts.stored]).toEqual([0, 2]);
      expect(await drainAll({ spool }, 2)).toBe('ab');
      expect(folder.codes()).toEqual(['spool-not-written', 'spool-written-again']);
    },
  );

  test.each(['rename', 'read'] as const)(
    'in a %s while hits are claimed: nobody waits, and they are given back when it goes on',
    async (operation) => {
      const { spool, hang, goOn, ...folder } = await openHanging();
      await spool.put(hits('ab'));
      await hang(operation);
      expect(await spool.claim(9)).toBeUndefined();
      goOn();
      await idle({ spool } as Folder);
      expect(await drainAll({ spool }, 2)).toBe('ab');
      expect(folder.balance(2)).toEqual([6, 6]);
    },
  );

  test('while a file is deleted whose claim has ended: nobody waits, and it counts once', async () => {
    const { spool, counts, hang, goOn, ...folder } = await openHanging();
    await spool.put(hits('abc'));
    const claim = await spool.claim(9);
    await hang('unlink');
    expect(await claim?.done({ tracked: 2 }, hits('c'), true)).toBe(true);
    goOn();
    await idle({ spool } as Folder);
    expect([spool.count, counts.tracked]).toEqual([0, 2]);
    expect(await drainAll({ spool }, 1)).toBe('c');
    expect(folder.balance(3)).toEqual([7, 7]);
  });

  test.each<[operation: FileStep[0], lost: number]>([
    ['create', 0],
    ['rename', 2],
  ])(
    'in a %s at the event exit: nothing is written, and %d hits are lost',
    async (operation, lost) => {
      const { spool, counts, hang, begun, ...folder } = await openHanging();
      await hang(operation);
      const given = hits('ab');
      await spool.put(given);
      const { length } = begun;
      const left = spool.putNow?.(hits('c')) ?? [];
      expect(begun).toHaveLength(length);
      expect(left).toHaveLength(3 - lost);
      expect(counts.lost.spool).toBe(lost);
      expect([spool.count, counts.stored]).toEqual([0, 0]);
      expect(await drain(await folder.other())).toBe('');
    },
  );

  test('at the event exit, a claim is left to the process that finds it', async () => {
    const { spool, counts, hang, begun } = await openHanging();
    await spool.put(hits('ab'));
    const claim = await spool.claim(9);
    await hang('create');
    await spool.put(hits('c'));
    const { length } = begun;
    claim?.doneNow?.({ tracked: 1 }, claim.hits.slice(1));
    expect(begun).toHaveLength(length);
    expect([spool.count, counts.tracked, counts.claimed]).toEqual([0, 0, 0]);
  });
});

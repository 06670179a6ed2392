import { expect, test } from 'vitest';
import { linesIn } from '../../support/spool.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { HOUR, hit, SECOND, tracked } from '../delivery/support.js';
import { openFolderSpool } from '../doors/folder-store.js';
import { openSender } from '../doors/send.js';

const realSetTimeout = globalThis.setTimeout;

/** Only timers are fake: the disk needs its time. */
async function waitUntil(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let polls = 0; polls < 3_000 && !(await isSo()); polls++)
    await new Promise((resolve) => realSetTimeout(resolve, 10));
}

test('a hit is in the folder within a second, however long it may wait for its bulk', async () => {
  const place = temporaryFolder();
  const { spool } = await openFolderSpool({ place });
  const options = { scheduledDelayMillis: HOUR };
  const sender = openSender({ options, answers: tracked, spool });
  for (const [i, pauseMillis] of [100, 1_700, 3_100].entries()) {
    await sender.advance(pauseMillis);
    sender.put(hit(String(i)));
    await sender.advance(SECOND);
    await waitUntil(() => linesIn(place).length > i);
    expect(linesIn(place)).toHaveLength(i + 1);
  }
  await sender.shutdown(SECOND);
});

test('hits of requests more than seven days ago are deleted from a folder, and count as expired', async () => {
  const { spool, counts } = await openFolderSpool({ place: temporaryFolder() });
  const options = { tokenAuth: 't', scheduledDelayMillis: SECOND };
  const sender = openSender({ options, answers: tracked, spool });
  for (const [name, days] of [
    ['a', 6.9],
    ['b', 7.1],
  ] as const)
    sender.put(hit(name, { startSeconds: Date.now() / 1000 - days * 86_400 }));
  await waitUntil(async () => {
    await sender.advance(20); // the disk may take 5 s
    return counts.tracked > 0;
  });
  expect(counts).toMatchObject({ stored: 2, tracked: 1, lost: { expired: 1 } });
  expect(sender.codes()).toEqual(['expired']);
});

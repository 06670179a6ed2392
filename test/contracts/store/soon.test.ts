import { expect, test } from 'vitest';
import { linesIn } from '../../support/spool.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { HOUR, hit, SECOND, tracked } from '../delivery/support.js';
import { openFolderSpool } from '../doors/folder-store.js';
import { openSender } from '../doors/send.js';

const realSetTimeout = globalThis.setTimeout;

test('a hit is in the folder within a second, however long it may wait for its bulk', async () => {
  const place = temporaryFolder();
  const { spool } = await openFolderSpool({ place });
  const options = { scheduledDelayMillis: HOUR };
  const sender = openSender({ options, answers: tracked, spool });
  for (const [i, pauseMillis] of [100, 1_700, 3_100].entries()) {
    await sender.advance(pauseMillis);
    sender.put(hit(String(i)));
    await sender.advance(SECOND);
    // Only timers are fake: the disk needs its time.
    for (let polls = 0; polls < 3_000 && linesIn(place).length <= i; polls++)
      await new Promise((resolve) => realSetTimeout(resolve, 10));
    expect(linesIn(place)).toHaveLength(i + 1);
  }
  await sender.shutdown(SECOND);
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { filesOf, openFolderSpool } from '../doors/folder-store.js';
import { openSender } from '../doors/send.js';
import { hit, SECOND, UNAVAILABLE } from './support.js';

/** A spool on a disk whose steps end at once, because fake timers do not wait for a real one. */
async function openSpool(maxBytes = 2 ** 30) {
  const place = temporaryFolder();
  const files = filesOf(place);
  const { spool } = await openFolderSpool(
    { place, maxBytes, hasToken: false, maxExportBatchSize: 2 },
    {
      ...files,
      async run(step) {
        if (step[0] === 'prepare') return files.run(step);
        if (step[0] === 'list') return readdirSync(place);
        return step[0] === 'read'
          ? readFileSync(join(place, step[1]), 'latin1')
          : files.runNow(step);
      },
    },
  );
  return { spool, place };
}

test('a wait that begins with hits of a full folder holds for those in memory, too', async () => {
  const { spool } = await openSpool(150);
  const answers = { ...UNAVAILABLE, retryAfter: '60' };
  const sender = openSender({ options: { maxExportBatchSize: 2 }, answers, spool });
  for (const name of 'abcdef') sender.put(hit(name));
  await sender.advance(30 * SECOND);
  expect(sender.sent()).toEqual([['a', 'b']]);
});

test('a hit in flight at the end has one attempt less', async () => {
  const { spool, place } = await openSpool();
  const options = { resendUnconfirmed: true };
  const sender = openSender({ options, answers: {}, spool });
  sender.put(hit('a'));
  await sender.advance(6 * SECOND);
  void sender.shutdown(SECOND);
  await sender.advance(SECOND);
  expect(sender.sent()).toEqual([['a']]);
  const next = await openFolderSpool({ place, hasToken: false });
  expect((await next.spool.claim(1))?.hits).toMatchObject([{ resends: 1 }]);
});

import { cpSync, renameSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../../../support/child-process.js';
import { notSent, processed } from '../../../support/scripted-transport.js';
import { filesIn, leaveHits, spooledDelivery } from '../../../support/spool.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

/** The folder of the only journal in a spool. */
const journalIn = (folder: string) => dirname(filesIn(folder, '.hits')[0] ?? '');

test('a journal that cannot be taken over keeps nobody from the others, and is taken over as soon as it can', async () => {
  const folder = await leaveHits(['restored']);
  const restored = journalIn(folder);
  const backup = join(temporaryFolder(), 'backup');
  cpSync(restored, backup, { recursive: true });
  const times = { beatMillis: 50, deadMillis: 30_000 };
  const { delivery, transport, logged, law } = spooledDelivery({ folder, times });
  transport.answer(notSent);
  await eventually(() => delivery.takenOver === 1);

  cpSync(backup, restored, { recursive: true }); // there is one with its name in the other journal
  const newer = journalIn(await leaveHits(['newer']));
  renameSync(newer, join(folder, basename(newer)));
  await eventually(() => delivery.takenOver === 2);
  expect(logged.join()).toContain('[spool-not-read]');
  transport.answer(processed);
  await eventually(() => delivery.counters.tracked === 3, { timeoutMillis: 30_000 });
  expect(law()).toEqual([3, 3]);
}, 60_000);

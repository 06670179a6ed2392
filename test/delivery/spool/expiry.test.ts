import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { moveWallClock } from '../../support/clocks.js';
import { pending } from '../../support/delivery.js';
import { SPOOL_PLACES } from '../../support/redis-server.js';
import { leaveHits, linesIn, spooledDelivery } from '../../support/spool.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const HOUR_MILLIS = 3_600_000;
/** More than one step of expiry reads, in a folder and in Redis. */
const OLD = 1_500;
const PADDING = '-'.repeat(400);

test.each(SPOOL_PLACES)(
  'of hits in %s that became too old while no process ran, none is sent, however many there are',
  async (_where, open) => {
    const folder = await open();
    const startSeconds = Date.now() / 1000 - 26 * 3_600;
    const name = `old${PADDING}`;
    const old = Array.from({ length: OLD }, () => pending({ name, startSeconds }));
    await leaveHits([...old, 'fresh'], { folder, maxSpoolAgeMillis: 48 * HOUR_MILLIS });

    const after = spooledDelivery({ folder, maxSpoolAgeMillis: 24 * HOUR_MILLIS });
    await eventually(() => after.delivery.counters.tracked === 1);
    expect(after.sent()).toEqual(['fresh']);
    await eventually(() => after.delivery.counters.lost.expired === OLD);
    expect(after.law()).toEqual([OLD + 1, OLD + 1]);
    if (!folder.includes('://')) await eventually(() => linesIn(folder).length === 0);
  },
);

test.each(SPOOL_PLACES)(
  'hits that were read from %s and become too old during an attempt are not sent',
  async (_where, open) => {
    const { delivery, transport, push, sent, law } = spooledDelivery({
      folder: await open(),
      maxSpoolAgeMillis: HOUR_MILLIS,
    });
    const release = transport.hold();
    push('a', 'b.bot'); // two bulks, read at once
    await eventually(() => sent().length === 1);
    moveWallClock(2 * HOUR_MILLIS);
    release();
    await eventually(() => delivery.pending === 0);
    expect(sent()).toHaveLength(1);
    expect(delivery.counters).toMatchObject({ tracked: 1, lost: { expired: 1 } });
    expect(law()).toEqual([2, 2]);
  },
);

test('hits that wait in memory because the spool cannot be used are not sent after maxSpoolAgeMillis', async () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  const maxSpoolAgeMillis = HOUR_MILLIS;
  const { delivery, push, sent, law, logged } = spooledDelivery({
    folder: join(file, 'spool'),
    maxSpoolAgeMillis,
  });
  push(pending({ name: 'old', startSeconds: Date.now() / 1000 - 2 * 3_600 }), 'fresh');
  await eventually(() => delivery.pending === 0);
  expect(sent()).toEqual(['fresh']);
  expect(delivery.counters).toMatchObject({ tracked: 1, lost: { expired: 1 } });
  expect(law()).toEqual([2, 2]);
  expect(logged).toContainEqual(expect.stringMatching(/ENOTDIR.*\[spool-not-used\]$/));
});

import { expect, test } from 'vitest';
import { readSpoolStatus } from '../../../src/delivery/spool/backends.js';
import { SPOOL_PLACES } from '../../support/redis-server.js';
import { notSent } from '../../support/scripted-transport.js';
import { leaveHits, spooledDelivery } from '../../support/spool.js';

const JOURNALS = 20;

test.each(SPOOL_PLACES)(
  'the status of %s counts each hit once while journals are taken over',
  async (_where, open) => {
    const place = await open();
    for (let i = 0; i < JOURNALS; i++) await leaveHits(['a'], { folder: place });
    const counts = new Set<number>();
    // One takes over from another, also what that one has taken over.
    for (let taker = 0; taker < 4; taker++) {
      const { delivery, transport } = spooledDelivery({ folder: place });
      transport.answer(notSent);
      while (delivery.takenOver < JOURNALS) counts.add((await readSpoolStatus(place)).pending);
      await delivery.shutdown(20_000);
    }
    expect([...counts]).toEqual([JOURNALS]);
  },
  60_000,
);

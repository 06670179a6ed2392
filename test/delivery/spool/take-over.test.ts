import { expect, test } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { SPOOL_PLACES } from '../../support/redis-server.js';
import { leaveHits, spooledDelivery } from '../../support/spool.js';

test.each(SPOOL_PLACES)(
  'in %s, hits of a process with a token wait for one that has a token too: Matomo would reject them',
  async (_where, open) => {
    const folder = await open();
    await leaveHits(['of a token'], { folder });
    await leaveHits(['of none'], { folder, tokenAuth: undefined });
    const without = spooledDelivery({ folder, tokenAuth: undefined });
    await eventually(() => without.delivery.counters.tracked === 1);
    await without.delivery.shutdown(20_000);
    expect(without.sent()).toEqual(['of none']);

    const withToken = spooledDelivery({ folder });
    await eventually(() => withToken.delivery.counters.tracked === 1);
    expect(withToken.sent()).toEqual(['of a token']);
  },
  60_000,
);

import { describe, expect, test } from 'vitest';
import { readSpoolStatus } from '../../../src/delivery/spool/backends.js';
import { eventually } from '../../support/child-process.js';
import { SPOOL_PLACES } from '../../support/redis-server.js';
import { answer, notSent } from '../../support/scripted-transport.js';
import { sorted } from '../../support/sorted.js';
import { filesIn, leaveHits, spooledDelivery } from '../../support/spool.js';

describe.each(SPOOL_PLACES)('a spool in %s', (_place, open) => {
  test('hits are stored, sent from there to Matomo, and nothing of them stays', async () => {
    const folder = await open();
    const { delivery, push, sent, law, logged } = spooledDelivery({ folder });
    push('a', 'b', 'c');
    await eventually(() => delivery.spooled === 3);
    expect(law()).toEqual([3, 3]);
    await eventually(() => delivery.counters.tracked === 3);
    expect(sent()).toEqual(['a', 'b', 'c']);
    expect(delivery).toMatchObject({ pending: 0, spooled: 0, takenOver: 0 });
    await delivery.shutdown(1000);
    expect(await readSpoolStatus(folder)).toMatchObject({ pending: 0, bytes: 0 });
    if (!folder.includes('://')) expect(filesIn(folder, '')).toEqual([`${folder}/spool.json`]);
    expect(logged).toEqual([]);
  });

  test('while Matomo is unavailable, hits are in the spool and not in memory, and survive a shutdown, which stores the last', async () => {
    const folder = await open();
    const first = spooledDelivery({ folder });
    first.transport.answer(notSent);
    first.push('a', 'b', 'c');
    await eventually(() => first.delivery.spooled === 3);
    expect((await readSpoolStatus(folder)).pending).toBe(3);
    first.push('d');
    await first.delivery.shutdown(20_000);
    expect(first.delivery).toMatchObject({
      pending: 4,
      spooled: 4,
      counters: { lost: { shutdown: 0 } },
    });
    expect(first.law()).toEqual([4, 4]);

    const second = spooledDelivery({ folder });
    second.push('e');
    await eventually(() => second.delivery.counters.tracked === 5);
    expect(sorted(second.sent())).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(second.delivery.takenOver).toBe(4);
    expect(second.law()).toEqual([5, 5]);
    expect(second.logged).toEqual([expect.stringMatching(/\b4 hits\b.*\[hits-taken-over\]$/)]);
  });

  test('an outage during a shutdown that leaves hits in the spool is logged once', async () => {
    const folder = await open();
    const options = { folder, scheduledDelayMillis: 60_000 };
    const { delivery, transport, push, logged } = spooledDelivery(options);
    transport.answer(answer(503));
    push('a', 'b');
    await delivery.shutdown(20_000);
    expect(delivery.spooled).toBe(2);
    expect(logged).toEqual([expect.stringMatching(/ 503\b.*Pending.* 2 hits.*\[unavailable\]$/)]);
  });

  test('a flush stores and sends what waits', async () => {
    const folder = await open();
    const { delivery, push, sent } = spooledDelivery({ folder, scheduledDelayMillis: 60_000 });
    push('a', 'b');
    await delivery.flush();
    expect(sent()).toEqual(['a', 'b']);
    expect(delivery.pending).toBe(0);
  });

  test('one of another Matomo is refused, and hits leave from memory', async () => {
    const folder = await leaveHits(['a'], { folder: await open() });
    const other = spooledDelivery({ folder, url: 'https://other.test/matomo.php' });
    other.push('b');
    await eventually(() => other.delivery.counters.tracked === 1);
    expect(other.sent()).toEqual(['b']);
    expect(other.logged).toEqual([
      expect.stringMatching(/belongs to https:\/\/matomo\.test.*\[spool-not-used\]$/),
    ]);
    expect(other.law()).toEqual([1, 1]);
    expect((await readSpoolStatus(folder)).pending).toBe(1);
  });
});

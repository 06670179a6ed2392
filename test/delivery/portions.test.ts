import { expect, test, vi } from 'vitest';
import type { Hit } from '../../src/hit/hit.js';
import { pending, setUp, useFakeTime } from '../support/delivery.js';
import { processed } from '../support/scripted-transport.js';

useFakeTime();

/** A delivery with hits that are final in 20 ms, and how many of them were finalized. */
function queueHits(hits: number) {
  const { delivery, transport } = setUp();
  const count = { finalized: 0 };
  for (let i = 0; i < hits; i++) {
    const { finalize, ...hit } = pending();
    delivery.push({
      ...hit,
      finalize(epochMillis: number): readonly Hit[] {
        count.finalized += 1;
        return finalize(epochMillis);
      },
    });
  }
  transport.answer(...Array.from({ length: hits / 100 }, () => processed(100)));
  return { delivery, transport, count };
}

/** How many hits are finalized, and how many bulks are sent, in each turn until all are sent. */
async function turnsOf({ transport, count }: ReturnType<typeof queueHits>, bulks: number) {
  const turns: { finalized: number; sent: number }[] = [];
  while (transport.bodies.length < bulks) {
    const before = { finalized: count.finalized, sent: transport.bodies.length };
    await vi.advanceTimersToNextTimerAsync();
    const finalized = count.finalized - before.finalized;
    const sent = transport.bodies.length - before.sent;
    if (finalized + sent > 0) turns.push({ finalized, sent });
  }
  return turns;
}

test('a bulk is built in portions, and sent in a turn of its own', async () => {
  const queued = queueHits(100);
  const portion = { finalized: 25, sent: 0 };
  const built = [portion, portion, portion, portion];
  expect(await turnsOf(queued, 1)).toEqual([...built, { finalized: 0, sent: 1 }]);
  await vi.advanceTimersByTimeAsync(0);
  expect(queued.delivery).toMatchObject({ pending: 0, counters: { tracked: 100 } });
});

test('hits of two full bulks are built at once, so that a busy server does not fall behind', async () => {
  expect(await turnsOf(queueHits(200), 2)).toEqual([{ finalized: 200, sent: 2 }]);
});

test('no hit is left behind if delivery is shut down while a bulk is built', async () => {
  const { delivery, transport, count } = queueHits(100);
  while (count.finalized === 0) await vi.advanceTimersToNextTimerAsync();
  expect(count.finalized).toBe(25);
  await delivery.shutdown(1000);
  expect(transport.bodies).toHaveLength(1);
  expect(count.finalized).toBe(100);
  expect(delivery).toMatchObject({ pending: 0, counters: { tracked: 100 } });
});

test('newer hits than those of a bulk that is built in portions wait until they are due', async () => {
  const { delivery, transport } = queueHits(130);
  while (transport.bodies.length === 0) await vi.advanceTimersToNextTimerAsync();
  await vi.advanceTimersByTimeAsync(100);
  expect(transport.bodies.map(({ requests }) => requests.length)).toEqual([100]);
  expect(delivery.pending).toBe(30);
  transport.answer(processed(30));
  await vi.advanceTimersByTimeAsync(5000);
  expect(delivery).toMatchObject({ pending: 0, counters: { tracked: 130 } });
});

test('pending counts hits that became several or none while a bulk is built', async () => {
  const { delivery, transport } = setUp();
  const expected = { pending: 0 };
  for (let i = 0; i < 100; i++) {
    const { finalize, ...hit } = pending();
    delivery.push({
      ...hit,
      finalize(epochMillis: number): readonly Hit[] {
        const hits = finalize(epochMillis);
        const made = i % 10 === 0 ? [] : i % 10 === 1 ? [...hits, ...hits, ...hits] : hits;
        expected.pending += made.length - 1;
        return made;
      },
    });
    expected.pending += 1;
  }
  transport.answer(processed(110));
  let turns = 0;
  for (; transport.bodies.length === 0; turns++) {
    expect(delivery.pending).toBe(expected.pending);
    await vi.advanceTimersToNextTimerAsync();
  }
  expect(turns).toBeGreaterThan(4);
  await vi.advanceTimersByTimeAsync(6000);
  expect(delivery).toMatchObject({ pending: 0, counters: { tracked: 110 } });
});

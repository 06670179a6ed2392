import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { Hit } from '../../src/hit/hit.js';
import { pending, setUp } from '../support/delivery.js';
import { processed } from '../support/scripted-transport.js';

const nextTurn = () => new Promise(setImmediate);
const endOfTurn = () => new Promise<void>(process.nextTick);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'Date', 'setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
});

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

/** How many hits are finalized in each turn of the event loop until some bulks are sent. */
async function turnsOf({ transport, count }: ReturnType<typeof queueHits>, bulks: number) {
  vi.advanceTimersByTime(20);
  await endOfTurn();
  const turns = [count.finalized];
  for (let before = count.finalized; transport.bodies.length < bulks; before = count.finalized) {
    await nextTurn();
    if (count.finalized > before) turns.push(count.finalized - before);
  }
  return turns;
}

test('a bulk is built in portions', async () => {
  const queued = queueHits(100);
  expect(await turnsOf(queued, 1)).toEqual([50, 50]);
  await vi.advanceTimersByTimeAsync(0);
  expect(queued.delivery).toMatchObject({ pending: 0, counters: { tracked: 100 } });
});

test('hits that are due but fill no bulk are taken in portions too', async () => {
  const queued = queueHits(60);
  vi.advanceTimersByTime(4_980);
  expect(await turnsOf(queued, 1)).toEqual([50, 10]);
  expect(queued.transport.bodies.map(({ requests }) => requests.length)).toEqual([60]);
});

test('hits of two full bulks are built at once, so that a busy server does not fall behind', async () => {
  expect(await turnsOf(queueHits(200), 2)).toEqual([200]);
});

test('no hit is left behind if delivery is shut down while a bulk is built', async () => {
  const { delivery, transport, count } = queueHits(100);
  vi.advanceTimersByTime(20);
  await endOfTurn();
  expect(count.finalized).toBe(50);
  await delivery.shutdown(1000);
  expect(transport.bodies).toHaveLength(1);
  expect(count.finalized).toBe(100);
  expect(delivery).toMatchObject({ pending: 0, counters: { tracked: 100 } });
});

test('newer hits than those of a bulk that is built in portions wait until they are due', async () => {
  const { delivery, transport } = queueHits(130);
  vi.advanceTimersByTime(20);
  while (transport.bodies.length === 0) await nextTurn();
  await vi.advanceTimersByTimeAsync(100);
  expect(transport.bodies.map(({ requests }) => requests.length)).toEqual([100]);
  expect(delivery.pending).toBe(30);
  transport.answer(processed(30));
  vi.advanceTimersByTime(5000);
  while (delivery.pending > 0) await nextTurn();
  expect(delivery).toMatchObject({ pending: 0, counters: { tracked: 130 } });
});

test('pending counts hits that became several or none while a bulk is built', async () => {
  const { delivery, transport } = setUp({ maxExportBatchSize: 150 });
  const expected = { pending: 0 };
  for (let i = 0; i < 150; i++) {
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
  transport.answer(processed(165));
  vi.advanceTimersByTime(20);
  const seen = new Set<number>();
  for (; transport.bodies.length === 0; await nextTurn()) {
    expect(delivery.pending).toBe(expected.pending);
    seen.add(expected.pending);
  }
  expect(seen.size).toBeGreaterThan(2);
  await vi.advanceTimersByTimeAsync(6000);
  expect(delivery).toMatchObject({ pending: 0, counters: { tracked: 165 } });
});

import { expect, test, vi } from 'vitest';
import { BatchSource } from '../../src/delivery/batch-source.js';
import { MemoryQueue } from '../../src/delivery/queue/memory-queue.js';
import type { PendingHit } from '../../src/hit/hit.js';
import { pending, setUp, useFakeTime } from '../support/delivery.js';

useFakeTime();

/** A hit that takes 10 ms to be made. */
function slowHit(made: () => void = () => undefined) {
  const { finalize } = pending();
  return pending({
    endedMillis: performance.now(),
    finalize(epochMillis) {
      vi.advanceTimersByTime(10);
      made();
      return finalize(epochMillis);
    },
  });
}

/** A source of final hits in memory. */
function sourceOf(hits: readonly PendingHit[], maxExportBatchSize: number): BatchSource {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
  const memory = new MemoryQueue(1000);
  const options = { maxExportBatchSize };
  const source = new BatchSource({ memory, options } as unknown as ConstructorParameters<
    typeof BatchSource
  >[0]);
  for (const hit of hits) memory.push(hit);
  vi.advanceTimersByTime(1000);
  return source;
}

/** How many hits are made when a call returns, and after each turn of the event loop, until `all` are. */
async function sizesWhile(
  { queue }: BatchSource,
  all: number,
  fill: () => Promise<void>,
): Promise<number[]> {
  const filled = fill();
  const sizes = [queue.totalInMemory];
  for (; queue.totalInMemory < all; sizes.push(queue.totalInMemory))
    await new Promise(setImmediate);
  await filled;
  return sizes;
}

test('many hits at once are made in slices, so that others have their turn', async () => {
  const hits = Array.from({ length: 5 }, () => slowHit());
  const source = sourceOf(hits, 1);
  expect(await sizesWhile(source, 5, () => source.fill())).toEqual([2, 4, 5]);
});

test('a flush makes 50 hits in a turn', async () => {
  const hits = Array.from({ length: 100 }, () => pending());
  const source = sourceOf(hits, 101);
  expect(await sizesWhile(source, 100, () => source.fill('all'))).toEqual([50, 100]);
});

test('all of them are made while an attempt has no answer', async () => {
  let made = 0;
  const { delivery, transport } = setUp({ maxExportBatchSize: 1, exportTimeoutMillis: 60_000 });
  transport.answer(() => new Promise(() => undefined) as never);
  for (let i = 0; i < 50; i++)
    delivery.push(
      slowHit(() => {
        made += 1;
      }),
    );
  await vi.advanceTimersByTimeAsync(5_000);
  expect([made, transport.bodies.length]).toEqual([50, 1]);
});

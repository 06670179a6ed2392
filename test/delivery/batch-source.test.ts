import { expect, test, vi } from 'vitest';
import { BatchSource } from '../../src/delivery/batch-source.js';
import { MemoryQueue } from '../../src/delivery/queue/memory-queue.js';
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

/** Five final hits in memory, for batches of one. */
function sourceOfSlowHits(): BatchSource {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
  const memory = new MemoryQueue(1000);
  const options = { maxExportBatchSize: 1 };
  const source = new BatchSource({ memory, options } as unknown as ConstructorParameters<
    typeof BatchSource
  >[0]);
  for (let i = 0; i < 5; i++) memory.push(slowHit());
  vi.advanceTimersByTime(1000);
  return source;
}

test('many hits at once are made in slices, so that others have their turn', async () => {
  const source = sourceOfSlowHits();
  const { queue } = source;
  const filled = source.fill();
  const sizes = [queue.totalInMemory];
  for (; queue.totalInMemory < 5; sizes.push(queue.totalInMemory)) await new Promise(setImmediate);
  await filled;
  expect(sizes).toEqual([2, 4, 5]);
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

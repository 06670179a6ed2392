import { expect, test } from 'vitest';
import { MemoryQueue } from '../../../src/delivery/queue/memory-queue.js';
import type { Hit } from '../../../src/hit/hit.js';
import { keptBytes, PARTS_BYTES } from '../../support/kept-bytes.js';

function hit(query: string): Hit {
  return { site: 1, visitor: 'v', startSeconds: 1, kind: 'page', query };
}

test('while many hits wait for Matomo, they do not keep the texts of their requests in memory', () => {
  const memory = new MemoryQueue(1000);
  for (let i = 0; i < 500; i++) memory.push(hit('?idsite=1'));
  const kept: Hit[] = [];
  const bytes = keptBytes((part) => {
    const added = hit(`?idsite=1&url=${part}`);
    kept.push(added);
    memory.push(added);
  });
  expect(kept[0]?.query).toBe(`?idsite=1&url=${kept[0]?.query.slice(-40)}`);
  expect(bytes).toBeLessThan(PARTS_BYTES / 20);
});

test('a full queue takes another hit only if all that it has were sent and failed', () => {
  const memory = new MemoryQueue(2);
  const pending = hit('?a=1');
  memory.push(pending);
  memory.push(pending);
  memory.take(1);
  expect(memory.admit(pending, { failedInMemory: 1 })).toBe(false);
  memory.take(1);
  expect(memory.admit(pending, { failedInMemory: 1 })).toBe(false);
  expect(memory.admit(pending, { failedInMemory: 2 })).toBe(true);
  expect(memory.counters.lost.queue_full).toBe(2);
});

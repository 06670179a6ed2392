import { expect, test } from 'vitest';
import { MemoryQueue } from '../../../src/delivery/queue/memory-queue.js';
import type { Hit, PendingHit } from '../../../src/hit/hit.js';
import { keptBytes, PARTS_BYTES } from '../../support/kept-bytes.js';

function pendingHit(query: string, bytes: number): PendingHit {
  const hit: Hit = { site: 1, visitor: 'v', startSeconds: 1, kind: 'page', query };
  return { endedMillis: 0, bytes, isFinal: () => true, finalize: () => [hit] };
}

test('while hits wait for Matomo, they do not keep the long texts of their requests in memory', () => {
  const memory = new MemoryQueue(1000);
  const taken: Hit[] = [];
  const bytes = keptBytes((part, text) => {
    memory.push(pendingHit(`?idsite=1&url=${part}`, text.length));
    taken.push(...memory.take(1, 1, true));
  });
  expect(taken[0]?.query).toBe(`?idsite=1&url=${taken[0]?.query.slice(-40)}`);
  expect(bytes).toBeLessThan(PARTS_BYTES / 20);
});

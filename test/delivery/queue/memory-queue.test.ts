import { expect, test } from 'vitest';
import { MemoryQueue } from '../../../src/delivery/queue/memory-queue.js';
import type { Hit } from '../../../src/hit/hit.js';
import { keptBytes, PARTS_BYTES } from '../../support/kept-bytes.js';

function hit(query: string): Hit {
  return { site: 1, visitor: 'v', startSeconds: 1, kind: 'page', query };
}

test('while many hits wait for Matomo, they do not keep the texts of their requests in memory', () => {
  const memory = new MemoryQueue(1000);
  memory.keep(Array.from({ length: 500 }, () => hit('?idsite=1')));
  const kept: Hit[] = [];
  const bytes = keptBytes((part) => kept.push(...memory.keep([hit(`?idsite=1&url=${part}`)])));
  expect(kept[0]?.query).toBe(`?idsite=1&url=${kept[0]?.query.slice(-40)}`);
  expect(bytes).toBeLessThan(PARTS_BYTES / 20);
});

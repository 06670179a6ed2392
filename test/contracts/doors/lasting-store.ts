import { createDeliveryCounts } from '../../../src/delivery/delivery-counts.js';
import { MemoryStore } from '../../../src/delivery/memory-store.js';
import type { Spool } from '../../../src/delivery/store.js';

interface LastingStore {
  readonly spool: Spool;
  /** Hits that were tracked, and that wait, of all processes. */
  readonly tracked: number;
  readonly waiting: number;
}

/** A spool on which nothing takes time, for processes that have it one after the other. */
export function createLastingStore(): LastingStore {
  const counts = createDeliveryCounts();
  const memory = new MemoryStore(counts, {
    maxHits: 100_000,
    maxBulkHits: 100,
  });
  return {
    get tracked() {
      return counts.tracked;
    },
    get waiting() {
      return memory.count;
    },
    spool: {
      isUsable: true,
      room: Number.POSITIVE_INFINITY,
      oldestSeconds: Number.POSITIVE_INFINITY,
      count: 0,
      get hits() {
        return memory.count;
      },
      get suspects() {
        return memory.suspects;
      },
      store: async (hits) => hits.filter((hit) => memory.put(hit)).length,
      claim: async (most, maxFailures) => memory.claim(most, maxFailures),
      close: async () => undefined,
    },
  };
}

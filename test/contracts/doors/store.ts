import { MemoryStore } from '../../../src/delivery/memory-store.js';
import { openFolderSpool } from './folder-store.js';
import { openRedisSpool } from './redis-store.js';
import { type Opened, prepareSpool, type SpoolSetup, watchSpool } from './spool-store.js';

export type StoreKind = 'memory' | 'folder' | 'redis';

export interface StoreSetup extends SpoolSetup {
  /** Of memory. */
  readonly maxHits?: number;
}

/** One opener of a store. */
export async function openStore(kind: StoreKind, setup: StoreSetup): Promise<Opened> {
  const { maxHits = 10_000, ...ofSpool } = setup;
  if (kind === 'folder') return openFolderSpool(ofSpool);
  if (kind === 'redis') return openRedisSpool(ofSpool);
  const { counts, lines } = prepareSpool(ofSpool);
  const memory = new MemoryStore(counts, maxHits);
  const spool = {
    put: (hits: Parameters<MemoryStore['put']>[0]) => memory.put(hits),
    claim: async (most: number) => memory.claim(most),
    close: async () => undefined,
    get count() {
      return memory.count;
    },
  };
  return watchSpool(spool, { counts, lines });
}

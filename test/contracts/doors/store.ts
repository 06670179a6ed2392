import { MemoryStore } from '../../../src/delivery/memory-store.js';
import { openFolderSpool } from './folder-store.js';
import { openRedisSpool } from './redis-store.js';
import { type Opened, prepareSpool, type SpoolSetup, watchSpool } from './spool-store.js';

export type StoreKind = 'memory' | 'folder' | 'redis';

/** One opener of a store. */
export async function openStore(kind: StoreKind, setup: SpoolSetup): Promise<Opened> {
  if (kind === 'folder') return openFolderSpool(setup);
  if (kind === 'redis') return openRedisSpool(setup);
  const prepared = prepareSpool(setup);
  const memory = new MemoryStore(prepared.counts, 10_000);
  const spool = {
    put: (hits: Parameters<MemoryStore['put']>[0]) => memory.put(hits),
    claim: async (most: number) => memory.claim(most),
    close: async () => undefined,
    get count() {
      return memory.count;
    },
  };
  return watchSpool(spool, prepared);
}

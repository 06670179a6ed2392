import { FILE_STORE } from './file/file-store.js';
import { REDIS_STORE } from './redis/redis-store.js';
import type { SpoolStore } from './spool-store.js';

/** The code of spools by the name of their backend, in one file of dist. */
export const STORES = {
  redis: REDIS_STORE,
  file: FILE_STORE,
} satisfies Record<string, SpoolStore>;

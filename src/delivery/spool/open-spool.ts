import { FILE_STORE } from './file/file-store.js';
import { REDIS_STORE } from './redis/redis-store.js';

// All backends are one chunk, which `backends` loads.

export const SPOOL_STORES = { file: FILE_STORE, redis: REDIS_STORE } as const;

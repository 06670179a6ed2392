// All backends are one chunk, which `backends` loads: one chunk loads faster than several with shared parts.

export { FileSpoolOpener } from './file/file-spool.js';
export { readFileSpoolStatus } from './file/file-spool-status.js';
export { purgeFileSpool } from './file/purge-file-spool.js';
export { purgeRedisSpool } from './redis/purge-redis-spool.js';
export { openRedisSpool } from './redis/redis-spool.js';
export { readRedisSpoolStatus } from './redis/redis-spool-status.js';

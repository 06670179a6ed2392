// The code of all back ends, which `backends` loads together: one chunk loads faster than the parts that several would share.

export { readFileSpoolStatus } from './file/file-spool-status.js';
export { openFileSpool } from './file/open-file-spool.js';
export { openRedisSpool } from './redis/open-redis-spool.js';
export { readRedisSpoolStatus } from './redis/redis-spool-status.js';

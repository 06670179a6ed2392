// All backends are one chunk, which `backends` loads.

export { purgeFileSpool, readFileSpoolStatus } from './file/file-commands.js';
export { FileSpoolOpener } from './file/file-spool.js';
export { purgeRedisSpool, readRedisSpoolStatus } from './redis/redis-commands.js';
export { openRedisSpool } from './redis/redis-spool.js';

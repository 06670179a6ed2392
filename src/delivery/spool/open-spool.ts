// All backends are one chunk, which `backends` loads.

export { purgeFileSpool, readFileSpoolStatus } from './file/file-commands.js';
export { FileJournalOpener } from './file/spool-folder.js';
export { purgeRedisSpool, readRedisSpoolStatus } from './redis/redis-commands.js';
export { RedisJournalOpener } from './redis/redis-opener.js';

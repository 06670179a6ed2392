// Finds the installed Redis server, for tests and benchmarks of the spool in Redis.
import { findProgram } from './find-program.mjs';

/** Its path; `undefined` if none is installed. */
export const REDIS_SERVER =
  process.env.REDIS_SERVER ?? findProgram('redis-server', 'valkey-server');

/** What to print if no Redis server is installed. */
export const HOW_TO_GET_REDIS = `redis-server was not found. Install it as root with: apt-get update && apt-get install -y redis-server
Or set REDIS_SERVER to the path of a redis-server or valkey-server.`;

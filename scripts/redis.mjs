// The Redis for tests and benchmarks of the spool in Redis: the server that the system has, in a folder and on a port of its own.
import { findProgram } from './find-program.mjs';

/** Its path; `undefined` where there is none. */
export const REDIS_SERVER =
  process.env.REDIS_SERVER ?? findProgram('redis-server', 'valkey-server');

/** What to say where there is none. */
export const HOW_TO_GET_REDIS = `There is no redis-server. Install it with: apt-get update && apt-get install -y redis-server
(as root), or set REDIS_SERVER to one, or to a valkey-server.`;

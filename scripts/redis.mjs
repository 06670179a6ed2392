// The Redis for tests and benchmarks of the spool in Redis: the server that the system has, in a folder and on a port of its own.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Its path; `undefined` where there is none. */
export const REDIS_SERVER =
  process.env.REDIS_SERVER ??
  (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => ['redis-server', 'valkey-server'].map((name) => join(folder, name)))
    .find(isProgram);

/** What to say where there is none. */
export const HOW_TO_GET_REDIS = `There is no redis-server. Install it with: apt-get update && apt-get install -y redis-server
(as root), or set REDIS_SERVER to one, or to a valkey-server.`;

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

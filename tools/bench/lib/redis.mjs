import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { REDIS_SERVER } from '../../../scripts/redis.mjs';

/** A Redis that writes to its disk, on loopback; `undefined` if none is installed. */
export async function startRedis() {
  if (REDIS_SERVER === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'opentelemetry-matomo-bench-'));
  const port = await freePort();
  const where = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
  const child = spawn(REDIS_SERVER, [...where, '--save', '', '--appendonly', 'yes']);
  for await (const text of child.stdout) if (`${text}`.includes('Ready to accept')) break;
  const url = `redis://127.0.0.1:${port}`;
  return {
    /** The same one each time: what used it has ended. */
    async emptyDatabase() {
      const client = await createClient({ url }).connect();
      await client.flushAll();
      await client.close();
      return `${url}/0`;
    },
    async stop() {
      child.kill('SIGKILL');
      await once(child, 'close');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

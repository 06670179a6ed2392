import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * A port for a server that comes and goes. It is below those that systems give out, so that no other server or client gets
 * it meanwhile.
 */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 22_000);
    const server = createServer().listen(port, host);
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo, ListenOptions, Server, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** The connections of a server. */
interface Connections {
  count(): number;
  open(): number;
  destroy(): void;
}

/** The URL of a server, or of an HTTP server with this listener: on a free port of loopback, until the end of the test. */
export async function listen(
  serverOrListener: Server | RequestListener,
  where: ListenOptions = { port: 0, host: '127.0.0.1' },
): Promise<string> {
  const isListener = typeof serverOrListener === 'function';
  const server = isListener ? createServer(serverOrListener) : serverOrListener;
  const connections = connectionsOf(server);
  await new Promise<void>((resolve) => server.listen(where, resolve));
  onTestFinished(() => {
    server.close();
    connections.destroy();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Their errors are ignored: tests break them. */
export function connectionsOf(server: Server): Connections {
  const sockets = new Set<Socket>();
  let count = 0;
  server.on('connection', (socket) => {
    count += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
  });
  return {
    count: () => count,
    open: () => sockets.size,
    destroy() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

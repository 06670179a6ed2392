import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A connection to a database, as drivers with callbacks keep one for all requests. */
export interface CallbackConnection {
  /** Calls back in the async context of the first query, which opened the connection. */
  query(callback: () => void): void;
}

/** A real connection to a server that answers each byte with one. */
export async function startCallbackConnection(): Promise<CallbackConnection> {
  const sockets = new Set<Socket>();
  const database = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(database, 'listening');
  const callbacks: (() => void)[] = [];
  let connection: Socket | undefined;
  onTestFinished(() => {
    database.close();
    connection?.destroy();
    for (const socket of sockets) socket.destroy();
  });

  function open(): Socket {
    const socket = connect((database.address() as AddressInfo).port, '127.0.0.1');
    return socket.on('data', (answers) => {
      for (const _answer of answers) callbacks.shift()?.();
    });
  }

  return {
    query(callback) {
      callbacks.push(callback);
      connection ??= open();
      connection.write('?');
    },
  };
}

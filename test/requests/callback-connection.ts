import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { listen } from '../support/listen.js';

/** A connection to a database, as drivers with callbacks keep one for all requests. */
export interface CallbackConnection {
  /** Calls back in the async context of the first query, which opened the connection. */
  query(callback: () => void): void;
}

/** A real connection to a server that answers each byte with one. */
export async function startCallbackConnection(): Promise<CallbackConnection> {
  const { port } = new URL(await listen(createServer((socket) => socket.pipe(socket))));
  const callbacks: (() => void)[] = [];
  let connection: Socket | undefined;
  onTestFinished(() => void connection?.destroy());

  function open(): Socket {
    const socket = connect(Number(port), '127.0.0.1');
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

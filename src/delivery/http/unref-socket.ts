import type { Socket } from 'node:net';

/** Lets the process end while a socket is open. Clients call `ref` for each request. */
export function unrefSocket(socket: Socket): void {
  socket.unref();
  socket.ref = () => socket;
  // Each address that is tried has a handle of its own.
  socket.once('connect', () => socket.unref());
}

import type { Server } from 'node:net';
import type { Forwarded } from '../requests/forwarded-request.js';

/** `register` once the process serves. Nothing here throws. */
export interface Serving {
  /** For each connection to a server that speaks HTTP. */
  onConnection(server: Server): void;
  /** For a request that was announced before this existed. */
  onFirstRequest(message: unknown): void;
  /** For a request to a server in a worker thread, and for a hit that is of none. */
  addForwarded(forwarded: Forwarded): void;
}

/** Of a process that is not tracked. */
export const NOT_SERVING: Serving = {
  onConnection: () => undefined,
  onFirstRequest: () => undefined,
  addForwarded: () => undefined,
};

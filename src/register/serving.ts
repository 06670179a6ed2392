import type { Server } from 'node:net';
import type { ForwardedCounts, ForwardedItem } from '../requests/forwarded-request.js';

/** The part of `register` that is loaded when the process serves. Nothing here throws. */
export interface Serving {
  /** Called for each connection to an HTTP server. */
  onConnection(server: Server): void;
  /** Called with a request that was announced before this was loaded. */
  onFirstRequest(message: unknown): void;
  /** Adds a request to a server in a worker thread, or a hit outside of any request. */
  addForwarded(forwarded: ForwardedItem | ForwardedCounts): void;
  /** Sends what is pending and stops tracking. A processor of the application is only flushed: its SDK shuts it down. */
  stop(): Promise<void>;
}

/** Used if the process is not tracked. */
export const NOT_SERVING: Serving = {
  onConnection: () => undefined,
  onFirstRequest: () => undefined,
  addForwarded: () => undefined,
  stop: () => Promise.resolve(),
};

/** OpenTelemetry's variable that turns everything off. */
export function isDisabled(): boolean {
  return process.env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true';
}

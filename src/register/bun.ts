import { channel } from 'node:diagnostics_channel';
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import {
  CONNECTION_CHANNEL,
  FINISH_CHANNEL,
  LISTEN_CHANNEL,
  REQUEST_CHANNEL,
} from '../common/channel-listener.js';
import { setHidden } from '../common/foreign-objects.js';

type Emit = (this: HttpServer, event: string | symbol, ...args: unknown[]) => boolean;

/** References that keep the channels alive: Bun's garbage collector removes channels and their subscribers if nothing refers to them. */
let channels: Readonly<Record<string, ReturnType<typeof channel>>> | undefined;

/** Publishes connections, requests and finished responses of servers on Bun, as Node.js does. Bun has the channels, but publishes nothing. */
export function publishRequestsOnBun(): void {
  if (process.versions.bun === undefined || channels) return;
  const known = {
    listening: channel(LISTEN_CHANNEL),
    connection: channel(CONNECTION_CHANNEL),
    request: channel(REQUEST_CHANNEL),
    finish: channel(FINISH_CHANNEL),
  };
  channels = known;

  function publish(server: HttpServer, event: string | symbol, args: readonly unknown[]): void {
    if (event === 'listening') known.listening.publish({ server });
    else if (event === 'connection') known.connection.publish({ socket: args[0] });
    else if (event === 'request') {
      const [request, response] = args as [IncomingMessage, ServerResponse];
      const message = { request, response, socket: request.socket, server };
      known.request.publish(message);
      response.once('finish', () => known.finish.publish(message));
    }
  }

  for (const name of ['node:http', 'node:https'] as const) {
    const { prototype } = process.getBuiltinModule(name).Server;
    const emit = prototype.emit as Emit;
    const wrapped: Emit = function (event, ...args) {
      try {
        publish(this, event, args);
      } catch {} // a subscriber that throws must not affect the application's server
      return emit.call(this, event, ...args);
    };
    setHidden(prototype, 'emit', wrapped);
  }
}

import { type Channel, channel } from 'node:diagnostics_channel';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

type Emit = (this: Server, event: string | symbol, ...args: unknown[]) => boolean;

interface ServerChannels {
  readonly listening: Channel;
  readonly connection: Channel;
  readonly request: Channel;
  readonly finish: Channel;
}

const KEY = Symbol.for('opentelemetry-matomo.bun-channels.1');

/**
 * Publishes each connection, request and finished response of servers on Bun, as Node.js does. Bun has the diagnostics
 * channels but publishes nothing.
 */
export function publishRequestsOnBun(): void {
  const scope = globalThis as Record<symbol, ServerChannels | undefined>;
  if (process.versions.bun === undefined || scope[KEY]) return;
  // Bun's garbage collector removes channels and their subscribers unless something refers to them.
  const channels = {
    listening: channel('tracing:net.server.listen:asyncStart'),
    connection: channel('net.server.socket'),
    request: channel('http.server.request.start'),
    finish: channel('http.server.response.finish'),
  };
  scope[KEY] = channels;
  for (const name of ['node:http', 'node:https'] as const) {
    wrapEmit(process.getBuiltinModule(name).Server.prototype, channels);
  }
}

function wrapEmit(prototype: { emit: unknown }, channels: ServerChannels): void {
  const emit = prototype.emit as Emit;
  const wrapped: Emit = function (event, ...args) {
    try {
      publish(channels, this, event, args);
    } catch {} // a subscriber that throws must not affect the application's server
    return emit.call(this, event, ...args);
  };
  Object.defineProperty(prototype, 'emit', { value: wrapped, writable: true, configurable: true });
}

function publish(
  { listening, connection, request: started, finish }: ServerChannels,
  server: Server,
  event: string | symbol,
  args: readonly unknown[],
): void {
  if (event === 'listening') listening.publish({ server });
  else if (event === 'connection') connection.publish({ socket: args[0] as Socket });
  else if (event === 'request') {
    const [request, response] = args as [IncomingMessage, ServerResponse];
    const message = { request, response, socket: request.socket, server };
    started.publish(message);
    response.once('finish', () => finish.publish(message));
  }
}

import { channel } from 'node:diagnostics_channel';
import { type IncomingMessage, Server, type ServerResponse } from 'node:http';
import { Server as SecureServer } from 'node:https';
import type { Socket } from 'node:net';

type Emit = (this: Server, event: string | symbol, ...given: unknown[]) => boolean;

const BRAND = Symbol.for('opentelemetry-matomo.bun-channels.1');

/**
 * Publishes on Bun what Node.js publishes of its servers by itself: each connection, request, and finished response. Bun
 * has the channels and no publisher.
 */
export function publishRequestsOnBun(): void {
  const scope = globalThis as Record<symbol, boolean | undefined>;
  if (process.versions.bun === undefined || scope[BRAND]) return;
  scope[BRAND] = true;
  for (const { prototype } of [Server, SecureServer]) wrapEmit(prototype);
}

function wrapEmit(prototype: { emit: unknown }): void {
  const emit = prototype.emit as Emit;
  const wrapped: Emit = function (event, ...given) {
    try {
      publish(this, event, given);
    } catch {} // the application's server goes on whatever a subscriber does
    return emit.call(this, event, ...given);
  };
  Object.defineProperty(prototype, 'emit', { value: wrapped, writable: true, configurable: true });
}

function publish(server: Server, event: string | symbol, given: readonly unknown[]): void {
  if (event === 'listening') {
    channel('tracing:net.server.listen:asyncStart').publish({ server });
  } else if (event === 'connection' || event === 'secureConnection') {
    channel('net.server.socket').publish({ socket: given[0] as Socket });
  } else if (event === 'request') {
    const [request, response] = given as [IncomingMessage, ServerResponse];
    const message = { request, response, socket: request.socket, server };
    channel('http.server.request.start').publish(message);
    response.once('finish', () => channel('http.server.response.finish').publish(message));
  }
}

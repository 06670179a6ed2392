import type { Cluster } from 'node:cluster';
import { channel } from 'node:diagnostics_channel';
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import type { Server, Socket } from 'node:net';
import {
  type ChannelListeners,
  CONNECTION_CHANNEL,
  channelListener,
  FINISH_CHANNEL,
  isObject,
  isRequestMessage,
  isStreamMessage,
  LISTEN_CHANNEL,
  REQUEST_CHANNEL,
  STREAM_CHANNEL,
  subscribe,
  unsubscribe,
} from '../common/channel-listener.js';
import { findShared, setHidden, shared } from '../common/foreign-objects.js';

/** Events of HTTP servers. */
export interface ServerEvents {
  onListen(): void;
  onConnection(server: Server): void;
  /** The first request, which may have neither event before it: a server can get its connections by hand. */
  onFirstRequest(message: unknown): void;
}

/** Watches HTTP servers only, not those of a debugger or between processes. */
export function watchServers(events: ServerEvents): { stop(): void } {
  const onListen = channelListener(isObject, (message) => {
    const { server } = message as { server?: Server };
    if (isObject(server) && (isHttpServer(server) || isPrimaryWithSpool())) events.onListen();
  });
  const onConnection = channelListener(isObject, (message) => {
    const { server } = (message as { socket?: { server?: Server } }).socket ?? {};
    if (isObject(server) && isHttpServer(server)) events.onConnection(server);
  });
  const ofServers: ChannelListeners = [
    [LISTEN_CHANNEL, onListen],
    [CONNECTION_CHANNEL, onConnection],
  ];
  const ofFirstRequest: ChannelListeners = [
    [REQUEST_CHANNEL, channelListener(isRequestMessage, onFirst)],
    [STREAM_CHANNEL, channelListener(isStreamMessage, onFirst)],
  ];

  function onFirst(message: object): void {
    unsubscribe(ofFirstRequest);
    events.onFirstRequest(message);
  }

  subscribe(ofServers);
  subscribe(ofFirstRequest);
  return {
    stop() {
      unsubscribe(ofServers);
      unsubscribe(ofFirstRequest);
    },
  };
}

/** Does not load `node:http`, which the process may not need. */
function isHttpServer(server: Server): boolean {
  return 'maxHeadersCount' in server || isHttp2Server(server);
}

/**
 * Whether this is the primary of a cluster with a spool. It lives longer than its workers and sends what they leave in
 * the spool; without a spool it has nothing to send.
 */
function isPrimaryWithSpool(): boolean {
  if (!process.env.MATOMO_SPOOL) return false;
  const cluster: object = process.getBuiltinModule('cluster');
  const { isPrimary, workers } = cluster as Cluster;
  return isPrimary && Object.keys(workers ?? {}).length > 0;
}

/** Checks the class by name, because Node.js does not export it. */
export function isHttp2Server(server: object): boolean {
  return /^Http2(?:Secure)?Server$/.test(server.constructor?.name);
}

type Emit = (this: HttpServer, event: string | symbol, ...args: unknown[]) => boolean;

const KEY = Symbol.for('opentelemetry-matomo.bun-channels.1');

/**
 * Publishes each connection, request and finished response of servers on Bun, as Node.js does. Bun has the diagnostics
 * channels but publishes nothing.
 */
export function publishRequestsOnBun(): void {
  if (process.versions.bun === undefined || findShared(KEY)) return;
  const channels = {
    listening: channel(LISTEN_CHANNEL),
    connection: channel(CONNECTION_CHANNEL),
    request: channel(REQUEST_CHANNEL),
    finish: channel(FINISH_CHANNEL),
  };
  // Bun's garbage collector removes channels and their subscribers unless something refers to them.
  shared(KEY, () => channels);

  function publish(server: HttpServer, event: string | symbol, args: readonly unknown[]): void {
    if (event === 'listening') channels.listening.publish({ server });
    else if (event === 'connection') channels.connection.publish({ socket: args[0] as Socket });
    else if (event === 'request') {
      const [request, response] = args as [IncomingMessage, ServerResponse];
      const message = { request, response, socket: request.socket, server };
      channels.request.publish(message);
      response.once('finish', () => channels.finish.publish(message));
    }
  }

  function wrapEmit(prototype: { emit: unknown }): void {
    const emit = prototype.emit as Emit;
    const wrapped: Emit = function (event, ...args) {
      try {
        publish(this, event, args);
      } catch {} // a subscriber that throws must not affect the application's server
      return emit.call(this, event, ...args);
    };
    setHidden(prototype, 'emit', wrapped);
  }

  for (const name of ['node:http', 'node:https'] as const)
    wrapEmit(process.getBuiltinModule(name).Server.prototype);
}

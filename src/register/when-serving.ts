import type { Cluster } from 'node:cluster';
import { channel } from 'node:diagnostics_channel';
import type { Server } from 'node:net';
import {
  channelListener,
  isObject,
  isRequestMessage,
  isStreamMessage,
} from '../common/channel-listener.js';

/** Events of HTTP servers. */
export interface ServerEvents {
  onListen(): void;
  onConnection(server: Server): void;
  /** The first request, which may have neither event before it: a server can get its connections by hand. */
  onFirstRequest(message: unknown): void;
}

const LISTEN = 'tracing:net.server.listen:asyncStart';
const CONNECTION = 'net.server.socket';
const REQUEST = 'http.server.request.start';
const STREAM = 'http2.server.stream.created';

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
  const onRequest = channelListener(isRequestMessage, onFirst);
  const onStream = channelListener(isStreamMessage, onFirst);

  function onFirst(message: object): void {
    stopWaiting();
    events.onFirstRequest(message);
  }

  function stopWaiting(): void {
    channel(REQUEST).unsubscribe(onRequest);
    channel(STREAM).unsubscribe(onStream);
  }

  channel(LISTEN).subscribe(onListen);
  channel(CONNECTION).subscribe(onConnection);
  channel(REQUEST).subscribe(onRequest);
  channel(STREAM).subscribe(onStream);
  return {
    stop() {
      channel(LISTEN).unsubscribe(onListen);
      channel(CONNECTION).unsubscribe(onConnection);
      stopWaiting();
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

import type { Cluster } from 'node:cluster';
import type { Server } from 'node:net';
import {
  type ChannelListeners,
  CONNECTION_CHANNEL,
  channelListener,
  isObject,
  isRequestMessage,
  isStreamMessage,
  LISTEN_CHANNEL,
  REQUEST_CHANNEL,
  STREAM_CHANNEL,
  subscribe,
  unsubscribe,
} from '../common/channel-listener.js';
import { createDiagnostics } from '../common/diagnostics.js';
import { environment } from '../common/environment.js';
import { coded } from '../common/messages.js';
import { publishRequestsOnBun } from './bun.js';
import type { ProcessTracker } from './process-tracker.js';

/**
 * Watches servers and connections and, until tracking begins, requests, because an application can pass connections to a server itself. Returns
 * a function that stops watching.
 */
export function watchServers(tracker: ProcessTracker): () => void {
  publishRequestsOnBun();
  watchServe((name) => {
    if (!tracker.life?.countsAll || !tracker.begin()) return;
    const text = `${name} does not go through node:http. Its requests are not tracked, except those with spans. See docs/versions.md in this package.`;
    createDiagnostics().warn(coded('server-not-seen', text));
  });
  const onListen = channelListener(isObject, (message) => {
    const { server } = message as { server?: Server };
    if (!isObject(server)) return;
    const { spool = environment().MATOMO_SPOOL } = tracker.life?.options ?? {};
    if (isHttpServer(server) || (spool && isPrimary())) tracker.begin()?.begin();
  });
  const onConnection = channelListener(isObject, (message) => {
    const { server } = (message as { socket?: { server?: Server } }).socket ?? {};
    if (!isObject(server) || !isHttpServer(server)) return;
    const watch = tracker.begin();
    watch?.begin();
    if (isHttp2Server(server)) watch?.expectStreams(server);
  });
  const ofServers: ChannelListeners = [
    [LISTEN_CHANNEL, onListen],
    [CONNECTION_CHANNEL, onConnection],
  ];
  const toFirst = (channel: string) => (message: object) => {
    unsubscribe(ofFirstRequest);
    if (tracker.life?.hasBegun === false) tracker.begin()?.capture.announce(channel, message);
  };
  const ofFirstRequest: ChannelListeners = [
    [REQUEST_CHANNEL, channelListener(isRequestMessage, toFirst(REQUEST_CHANNEL))],
    [STREAM_CHANNEL, channelListener(isStreamMessage, toFirst(STREAM_CHANNEL))],
  ];
  subscribe(ofServers);
  subscribe(ofFirstRequest);
  return () => {
    unsubscribe(ofServers);
    unsubscribe(ofFirstRequest);
  };
}

/** Whether this process is the primary of a cluster. The primary survives its workers, and sends the hits that they leave in a spool. */
function isPrimary(): boolean {
  const cluster: object = process.getBuiltinModule('cluster');
  const { isPrimary, workers } = cluster as Cluster;
  return isPrimary && Object.keys(workers ?? {}).length > 0;
}

/** Whether a server is of HTTP. Does not load `node:http`, which the process may not need. */
function isHttpServer(server: Server): boolean {
  return 'maxHeadersCount' in server || isHttp2Server(server);
}

/** Whether a server is of HTTP/2. The name of its class decides, because Node.js does not export the class. */
function isHttp2Server(server: object): boolean {
  return /^Http2(?:Secure)?Server$/.test(server.constructor?.name);
}

type Serve = (this: unknown, ...args: unknown[]) => unknown;

/** Calls `report` when the application first calls `Bun.serve` or `Deno.serve`, which create no `http.Server`. */
function watchServe(report: (name: string) => void): void {
  for (const runtime of ['Bun', 'Deno']) {
    const host = (globalThis as { [name: string]: { serve?: Serve } | undefined })[runtime];
    const serve = host?.serve;
    if (host === undefined || serve === undefined) continue;
    const watched: Serve = function (...args) {
      // Bun's `node:http` calls `Bun.serve` itself.
      if (!isObject(args[0]) || !('onNodeHTTPRequest' in args[0])) {
        if (host.serve === watched) host.serve = serve;
        report(`${runtime}.serve`);
      }
      return Reflect.apply(serve, this, args);
    };
    try {
      host.serve = watched;
    } catch {} // it cannot be replaced, and its requests stay unnamed
  }
}

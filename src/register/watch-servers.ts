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
import type { RequestWatch } from '../tracker/request-watch.js';
import { publishRequestsOnBun } from './bun.js';

/** Begins to track when a server is seen. */
interface Beginner {
  readonly hasBegun: boolean;
  readonly hasSpool: boolean;
  /** Begins to track. Returns the watch of requests, if the options allow it. */
  begin(): RequestWatch | undefined;
  /** Called if the application serves in a way that Node.js does not announce. */
  beginUnseen(name: string): void;
}

/**
 * Listens for servers, connections and, until tracking begins, requests: a server can get its connections by hand. Returns a function that
 * stops that.
 */
export function watchServers(beginner: Beginner): () => void {
  publishRequestsOnBun();
  watchServe((name) => beginner.beginUnseen(name));
  const onListen = channelListener(isObject, (message) => {
    const { server } = message as { server?: Server };
    if (!isObject(server)) return;
    if (isHttpServer(server) || (beginner.hasSpool && isPrimary())) beginner.begin()?.begin();
  });
  const onConnection = channelListener(isObject, (message) => {
    const { server } = (message as { socket?: { server?: Server } }).socket ?? {};
    if (!isObject(server) || !isHttpServer(server)) return;
    const watch = beginner.begin();
    watch?.begin();
    if (isHttp2Server(server)) watch?.expectStreams(server);
  });
  const ofServers: ChannelListeners = [
    [LISTEN_CHANNEL, onListen],
    [CONNECTION_CHANNEL, onConnection],
  ];
  const toFirst = (channel: string) => (message: object) => {
    unsubscribe(ofFirstRequest);
    if (!beginner.hasBegun) beginner.begin()?.capture.announce(channel, message);
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

/** Whether this is the primary of a cluster. It lives longer than its workers, and sends what they leave in a spool. */
function isPrimary(): boolean {
  const cluster: object = process.getBuiltinModule('cluster');
  const { isPrimary, workers } = cluster as Cluster;
  return isPrimary && Object.keys(workers ?? {}).length > 0;
}

/** Whether an object is a server, without loading `node:http`, which the process may not need. */
function isHttpServer(server: Server): boolean {
  return 'maxHeadersCount' in server || isHttp2Server(server);
}

/** Checks the class by name, because Node.js does not export it. */
function isHttp2Server(server: object): boolean {
  return /^Http2(?:Secure)?Server$/.test(server.constructor?.name);
}

type Serve = (this: unknown, ...args: unknown[]) => unknown;

/** Calls `report` with `Bun.serve` or `Deno.serve`, which make no `http.Server`, when the application calls it for the first time. */
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
    } catch {} // `serve` cannot be replaced, and its requests are not reported
  }
}

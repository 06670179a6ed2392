import type { Cluster } from 'node:cluster';
import { channel } from 'node:diagnostics_channel';
import type { Server } from 'node:net';

/** What happens to servers that speak HTTP. */
export interface ServerEvents {
  onListen(): void;
  onConnection(server: Server): void;
  /** The first request, which may have come without either: a server can be given its connections by hand. */
  onFirstRequest(message: unknown): void;
}

const LISTEN = 'tracing:net.server.listen:asyncStart';
const CONNECTION = 'net.server.socket';
const REQUEST = 'http.server.request.start';

/** Other servers, such as those of a debugger or between processes, do not count. */
export function watchServers(events: ServerEvents): void {
  function onRequest(message: unknown): void {
    channel(REQUEST).unsubscribe(onRequest);
    events.onFirstRequest(message);
  }

  channel(LISTEN).subscribe((message) => {
    const { server } = message as { server: Server };
    if (isHttpServer(server) || isPrimaryWithSpool()) events.onListen();
  });
  channel(CONNECTION).subscribe((message) => {
    const { server } = (message as { socket: { server?: Server } }).socket;
    if (server && isHttpServer(server)) events.onConnection(server);
  });
  channel(REQUEST).subscribe(onRequest);
}

/** Without loading `node:http`, which the process may not need. */
function isHttpServer(server: Server): boolean {
  return 'maxHeadersCount' in server || isHttp2Server(server);
}

/**
 * Whether this process listens for its cluster. It outlives its workers, so that it sends what they leave in the spool at
 * their end; without a spool it has nothing to do.
 */
function isPrimaryWithSpool(): boolean {
  if (!process.env.MATOMO_SPOOL) return false;
  const { isPrimary, workers } = process.getBuiltinModule('cluster') as unknown as Cluster;
  return isPrimary && Object.keys(workers ?? {}).length > 0;
}

/** Its classes are not exported. */
export function isHttp2Server(server: object): boolean {
  return /^Http2(?:Secure)?Server$/.test(server.constructor.name);
}

import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { listen } from './listen.js';

/** A bulk request, as a Matomo that keeps everything sees it. */
export interface Bulk {
  /** Of its hits: what an additional hit tracks, or the path of the page. */
  readonly names: readonly string[];
  /** Names and values of the headers in turns, as they were sent. */
  readonly rawHeaders: readonly string[];
  /** Its hits are Matomo's, and not to be sent again. */
  readonly isTracked: boolean;
  readonly connection: Connection;
  /** When the answer was given, epoch milliseconds. */
  answeredMillis: number;
}

/** What one process has sent. */
interface Connection {
  /** In the order of their arrival. */
  readonly bulks: Bulk[];
  /** When it ended, epoch milliseconds. */
  closedMillis: number;
}

/** How the next bulks are answered. */
interface Answering {
  /** So many are refused with 503 first. */
  readonly refusals?: number;
  /** Then, none is sent for so long. @default the sender decides */
  readonly retryAfterSeconds?: number;
  /** Wait before the answer. What the bulk holds is tracked before it. */
  readonly delayMillis?: number;
}

/** A Matomo that tracks all hits, and knows of each in which bulks and on which connections it came. */
export interface BulkReceiver {
  readonly url: string;
  /** In the order of their arrival. */
  readonly bulks: readonly Bulk[];
  /** Names of the hits in bulks that were tracked. */
  tracked(): string[];
  /** Whether all that ended processes have sent is read. */
  isQuiet(): boolean;
  play(answering: Answering): void;
  /** Answers now what waits for its answer. */
  answer(): void;
}

export async function startBulkReceiver(): Promise<BulkReceiver> {
  const bulks: Bulk[] = [];
  const connections = new WeakMap<Socket, Connection>();
  let refusals = 0;
  let retryAfterSeconds: number | undefined;
  let delayMillis = 0;
  let open = 0;
  let reading = 0;
  let waiting = new AbortController();
  const server = createServer(async (request, response) => {
    const connection = connections.get(request.socket) as Connection;
    reading += 1;
    const body = await json(request).catch(() => undefined); // the process has ended in the middle of it
    reading -= 1;
    if (body === undefined) return;
    const { requests } = body as { requests: string[] };
    const isTracked = refusals <= 0;
    refusals -= 1;
    const bulk: Bulk = {
      names: requests.map((query) => nameOf(new URLSearchParams(query))),
      rawHeaders: request.rawHeaders,
      isTracked,
      connection,
      answeredMillis: Number.POSITIVE_INFINITY,
    };
    bulks.push(bulk);
    connection.bulks.push(bulk);
    const retryAfter = isTracked ? undefined : retryAfterSeconds;
    await wait(delayMillis, undefined, { signal: waiting.signal }).catch(() => undefined);
    bulk.answeredMillis = Date.now();
    if (retryAfter !== undefined) response.setHeader('Retry-After', retryAfter);
    response.writeHead(isTracked ? 200 : 503, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ status: 'success', tracked: requests.length, invalid: 0 }));
  });
  server.on('connection', (socket) => {
    const connection: Connection = { bulks: [], closedMillis: Number.POSITIVE_INFINITY };
    connections.set(socket, connection);
    open += 1;
    socket.on('close', () => {
      open -= 1;
      connection.closedMillis = Date.now();
    });
  });
  const url = await listen(server);
  return {
    url,
    bulks,
    tracked: () => bulks.filter(({ isTracked }) => isTracked).flatMap(({ names }) => names),
    isQuiet: () => open + reading === 0,
    play(answering) {
      retryAfterSeconds = answering.retryAfterSeconds;
      refusals = answering.refusals ?? 0;
      delayMillis = answering.delayMillis ?? 0;
    },
    answer() {
      waiting.abort();
      waiting = new AbortController();
    },
  };
}

/** What an additional hit tracks, or the path of the page. */
export function nameOf(hit: URLSearchParams): string {
  return additionalNameOf(hit) ?? new URL(hit.get('url') ?? '').pathname.slice(1);
}

/** The name of a hit besides a page view. */
function additionalNameOf(hit: URLSearchParams): string | undefined {
  const names = ['e_a', 'ec_id', 'dimension1', 'download'].map((name) => hit.get(name));
  return names
    .find((name) => name !== null)
    ?.split('/')
    .at(-1);
}

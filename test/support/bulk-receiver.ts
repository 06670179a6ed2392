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
  readonly connection: { closedMillis: number };
  answeredMillis: number;
}

/** How the next bulks are answered: so many are refused with 503 first; the wait before an answer. */
interface Answering {
  readonly refusals?: number;
  readonly retryAfterSeconds?: number;
  /** What the bulk holds is tracked before it. */
  readonly delayMillis?: number;
}

export type BulkReceiver = Awaited<ReturnType<typeof startBulkReceiver>>;

/** A Matomo that tracks all hits, and knows of each in which bulks and on which connections it came. */
export async function startBulkReceiver() {
  const bulks: Bulk[] = [];
  const connections = new WeakMap<Socket, Bulk['connection']>();
  let playing: Answering = {};
  let refused = 0;
  let open = 0;
  let reading = 0;
  let waiting = new AbortController();
  const server = createServer(async (request, response) => {
    const connection = connections.get(request.socket) as Bulk['connection'];
    reading += 1;
    const body = await json(request).catch(() => undefined); // the process has ended in the middle of it
    reading -= 1;
    if (body === undefined) return;
    const { requests } = body as { requests: string[] };
    const { refusals = 0, retryAfterSeconds, delayMillis = 0 } = playing;
    const isTracked = refused >= refusals;
    if (!isTracked) refused += 1;
    const bulk: Bulk = {
      names: requests.map((query) => nameOf(new URLSearchParams(query))),
      rawHeaders: request.rawHeaders,
      isTracked,
      connection,
      answeredMillis: Number.POSITIVE_INFINITY,
    };
    bulks.push(bulk);
    await wait(delayMillis, undefined, { signal: waiting.signal }).catch(() => undefined);
    bulk.answeredMillis = Date.now();
    if (!isTracked && retryAfterSeconds) response.setHeader('Retry-After', retryAfterSeconds);
    response.writeHead(isTracked ? 200 : 503, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ status: 'success', tracked: requests.length, invalid: 0 }));
  });
  server.on('connection', (socket) => {
    const connection = { closedMillis: Number.POSITIVE_INFINITY };
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
    /** Whether all that ended processes have sent is read. */
    isQuiet: () => open + reading === 0,
    play(answering: Answering) {
      playing = answering;
      refused = 0;
    },
    /** Answers now what waits for its answer. */
    answer() {
      waiting.abort();
      waiting = new AbortController();
    },
  };
}

/** What an additional hit tracks, or the path of the page. */
export function nameOf(hit: URLSearchParams): string {
  const names = ['e_a', 'ec_id', 'dimension1'].map((name) => hit.get(name));
  const name = names.find((each) => each !== null);
  return name?.split('/').at(-1) ?? new URL(hit.get('url') ?? '').pathname.slice(1);
}

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UNTRACKED_SERVER } from '../requests/captured-requests.js';
import type { InspectedHit } from './inspected-hit.js';
import type { InspectorOptions } from './inspector-options.js';
import { type PlayedAnswer, playAnswer, storesHits } from './played-answer.js';
import { readTrackerRequest } from './read-tracker-request.js';
import { createTracker } from './tracker.js';

/** A running stand-in for Matomo. */
export interface Inspector {
  /** Base URL, such as `http://127.0.0.1:40123`. */
  readonly url: string;
  /** The latest 10,000 hits in order of arrival; also `GET /hits`. */
  hits(): InspectedHit[];
  /** Forgets all hits, stored rows and failed log-ins; also `DELETE /hits`. */
  clear(): void;
  /** Answers the next requests so, until called without an answer. */
  play(answer?: PlayedAnswer): void;
  /** Stops at once; open connections are closed. */
  close(): Promise<void>;
}

const MAX_HITS = 10_000;
const KEEP_ALIVE_MILLIS = 65_000; // as measured behind nginx

/**
 * Starts a local stand-in for Matomo's tracker. It stores, cuts, drops and refuses hits as a real
 * one does, so that a test against it says what Matomo would have stored.
 *
 * @example
 * const inspector = await startInspector();
 * new MatomoSpanProcessor({ url: inspector.url, siteId: 1 });
 * // … requests …
 * inspector.hits()[0].stored; // { type: 'page', title: 'GET /users/:id', time_server: 12, … }
 * await inspector.close();
 */
export async function startInspector(options: InspectorOptions = {}): Promise<Inspector> {
  const tracker = createTracker(options);
  let hits: InspectedHit[] = [];
  let played: PlayedAnswer | undefined;
  let playedTimes = 0;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = ''] = request.url?.split('?', 1) ?? [];
    if (path === '/hits') return answerHits(request, response);
    if (/\/(?:matomo|piwik)\.php$/.test(path)) return answerTracker(request, response);
    end(response, 404, 'text/plain', 'Not Found\n');
  }

  function answerHits(request: IncomingMessage, response: ServerResponse): void {
    if (request.method === 'DELETE') {
      clear();
      end(response, 204, 'application/json', '');
    } else {
      end(response, 200, 'application/json', JSON.stringify(latest()));
    }
  }

  async function answerTracker(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const playing = takePlayedAnswer();
    if (playing?.disconnect === 'before') {
      request.destroy();
      return;
    }
    const body = await readBody(request);
    if (playing !== undefined && !storesHits(playing)) return playAnswer(response, playing);
    const result = tracker.track(readTrackerRequest(request, body));
    for (const hit of result.hits) hits.push(hit);
    if (hits.length > 2 * MAX_HITS) hits = latest();
    if (playing !== undefined) return playAnswer(response, playing, result.answer);
    end(response, result.answer.status, result.answer.contentType, result.answer.body);
  }

  function latest(): InspectedHit[] {
    return hits.slice(-MAX_HITS);
  }

  function clear(): void {
    hits = [];
    tracker.forget();
  }

  function takePlayedAnswer(): PlayedAnswer | undefined {
    const current = played;
    if (current?.times !== undefined && --playedTimes <= 0) played = undefined;
    return current;
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  Object.defineProperty(server, UNTRACKED_SERVER, { value: true });
  server.keepAliveTimeout = KEEP_ALIVE_MILLIS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve);
  });
  const { address, family, port } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    hits: latest,
    clear,
    play(next) {
      played = next;
      playedTimes = next?.times ?? 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function end(
  response: ServerResponse,
  status: number,
  contentType: string,
  body: string | Uint8Array,
): void {
  response.writeHead(status, { 'Content-Type': contentType, 'Cache-Control': 'no-store' });
  response.end(body);
}

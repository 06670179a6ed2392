import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { collectBody, listenUntracked, urlOf } from '../../common/own-server.js';
import type { AiRequest, InspectedHit } from '../inspected-hit.js';
import { type InspectorOptions, resolveInspector } from '../inspector-options.js';
import { readTrackerRequest } from '../rules/read-tracker-request.js';
import { createSites } from '../sites.js';
import { createHitLog, createHitWaits, type WaitOptions } from './hit-log.js';
import { createMatomoApi } from './matomo-api.js';
import { createPage, end, findForeignRequest } from './page.js';
import {
  type PlayedAnswer,
  playAnswer,
  type ResolvedAnswer,
  storesHits,
  toPlayedAnswer,
} from './played-answer.js';
import { createTracker } from './tracker.js';

/** A running inspector. */
export interface Inspector extends AsyncDisposable {
  /** Base URL, such as `http://127.0.0.1:40123`. In a browser, it shows a page with hits as they arrive. */
  readonly url: string;
  /** The latest 10,000 hits in order of arrival, fewer if they are very large. Also `GET /hits`. */
  hits(): InspectedHit[];
  /**
   * Waits until there are at least `count` hits, from 1 to 10,000, earlier ones included, whatever their verdict. Resolves with all hits.
   * Rejects with an error that names the number of hits that did arrive and what became of them.
   *
   * @example
   * const [hit] = await inspector.waitForHits(1);
   */
  waitForHits(count: number, options?: WaitOptions): Promise<InspectedHit[]>;
  /** The rows of Matomo's AI chatbot reports for the hits in `hits()`. Also `GET /ai-requests`. */
  aiRequests(): AiRequest[];
  /** Deletes all hits, stored rows and failed logins. Also `DELETE /hits`. */
  clear(): void;
  /**
   * Answers the next requests with `answer`. Without an argument, the tracker answers again.
   *
   * @throws {@link OptionError}, a `TypeError`, if a property is unknown or invalid. It names the property and the value.
   */
  play(answer?: PlayedAnswer): void;
  /** Stops at once and closes open connections. */
  close(): Promise<void>;
  /** The same as `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

const MAX_BODY_BYTES = 16 * 1024 * 1024;
const KEEP_ALIVE_MILLIS = 65_000; // as measured behind nginx

/**
 * Starts the inspector: a local server that behaves like Matomo's tracker. It stores, cuts, drops and rejects hits as Matomo
 * does, so a test can check what Matomo would store.
 *
 * @throws {@link OptionError}, a `TypeError`, if an option is unknown or invalid. It names the option and the value.
 * @throws Error if it cannot listen on `host` and `port`
 *
 * @example
 * const inspector = await startInspector();
 * new MatomoSpanProcessor({ url: inspector.url, siteId: 1 });
 * // … requests …
 * inspector.hits()[0].stored; // { type: 'page', title: 'GET /users/:id', time_server: 12, … }
 * await inspector.close();
 */
export async function startInspector(options: InspectorOptions = {}): Promise<Inspector> {
  const resolved = resolveInspector(options);
  const { host, port } = resolved;
  const sites = createSites(resolved);
  const tracker = createTracker(resolved, sites.find);
  const callApi = createMatomoApi(resolved, sites);
  const log = createHitLog();
  const waits = createHitWaits(log);
  const answerPage = createPage(log, clear, host);
  let played: ResolvedAnswer | undefined;
  let playedTimes = 0;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url = '' } = request;
    const [path = ''] = url.split('?', 1);
    const query = url.slice(path.length + 1);
    if (/\/(?:matomo|piwik)\.php$/.test(path)) return answerTracker(query, request, response);
    if (path.endsWith('/index.php')) return answerApi(query, request, response);
    return answerPage(path, query, request, response);
  }

  /** Matomo's own API, which no page in a browser may use. */
  async function answerApi(
    query: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const refusal = findForeignRequest(request.headers, host);
    if (refusal !== undefined) return end(response, 403, 'text/plain; charset=utf-8', refusal);
    const body = await readBody(request);
    // Of a parameter that is in both, that of the URL counts.
    const { status, value } = callApi(Object.fromEntries(new URLSearchParams(`${body}&${query}`)));
    end(response, status, 'application/json; charset=utf-8', JSON.stringify(value));
  }

  async function answerTracker(
    query: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const playing = takePlayedAnswer();
    if (playing?.disconnect === 'before') {
      waits.addRequest(false);
      request.destroy();
      return;
    }
    const body = await readBody(request);
    if (playing !== undefined && !storesHits(playing)) {
      waits.addRequest(false);
      return playAnswer(response, playing);
    }
    const { hits, answer } = tracker.track(readTrackerRequest(request, query, body));
    log.add(hits);
    waits.addRequest(true);
    if (playing !== undefined) return playAnswer(response, playing, answer);
    const { status, contentType, body: text } = answer;
    response.writeHead(status, { 'Cache-Control': 'no-store', 'Content-Type': contentType });
    response.end(text);
  }

  function clear(): void {
    log.clear();
    tracker.forget();
    waits.clear();
  }

  function takePlayedAnswer(): ResolvedAnswer | undefined {
    const current = played;
    if (current?.times !== undefined && --playedTimes <= 0) played = undefined;
    return current;
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = KEEP_ALIVE_MILLIS;
  await listenUntracked(server, host, port);

  async function close(): Promise<void> {
    waits.close();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  return {
    url: urlOf(server),
    hits: log.all,
    waitForHits: waits.waitForHits,
    aiRequests: log.aiRequests,
    clear,
    play(next) {
      played = next === undefined ? undefined : toPlayedAnswer(next);
      playedTimes = played?.times ?? 0;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** @throws Error if the body is too large or incomplete; the connection is closed without an answer */
async function readBody(request: IncomingMessage): Promise<Buffer> {
  const body = await collectBody(request, { maxBytes: MAX_BODY_BYTES });
  if (typeof body === 'string') throw new Error(`the body was not read: ${body}`);
  return body;
}

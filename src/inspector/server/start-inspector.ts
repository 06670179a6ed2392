import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { collectBody, listenUntracked, urlOf } from '../../common/own-server.js';
import { resolveInCode } from '../../options/resolve-options.js';
import type { InspectedHit } from '../inspected-hit.js';
import {
  INSPECTOR_OPTIONS,
  type InspectorOptions,
  PLAYED_ANSWER,
  type PlayedAnswer,
  type WaitOptions,
} from '../inspector-options.js';
import { createJudge, describeRequest } from '../judge-hit.js';
import { readTrackerRequest, type TrackerRequest } from '../read-request.js';
import { createHitLog } from './hit-log.js';
import { createPage, end } from './page.js';

/** A running inspector. */
export interface Inspector extends AsyncDisposable {
  /** Base URL, such as `http://127.0.0.1:40123`. In a browser, it shows a page with hits as they arrive. */
  readonly url: string;
  /** The latest 10,000 hits in order of arrival, fewer if they are very large. Also `GET /hits`. */
  hits(): InspectedHit[];
  /**
   * Waits until there are at least `count` hits, from 1 to 10,000, including earlier ones, whatever their verdict. Resolves with all hits.
   * Rejects with an error that contains the number of hits that arrived, and their verdicts.
   *
   * @example
   * const [hit] = await inspector.waitForHits(1);
   */
  waitForHits(count: number, options?: WaitOptions): Promise<InspectedHit[]>;
  /** Deletes all hits. Also `DELETE /hits`. */
  clear(): void;
  /**
   * Answers the next requests with a status, and does not process their hits. Without an argument, the tracker answers again.
   *
   * @throws {@link OptionError}, a `TypeError`, if a property is unknown or invalid. It names the property and the value.
   */
  play(answer?: PlayedAnswer): void;
  /** Stops immediately and closes open connections. */
  close(): Promise<void>;
  /** The same as `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

const MAX_BODY_BYTES = 16 * 1024 * 1024;
const KEEP_ALIVE_MILLIS = 65_000; // the keep-alive timeout of a Matomo behind nginx

const IMAGE = Buffer.from('R0lGODlhAQABAIAAAAAAAAAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==', 'base64');

/**
 * Starts the inspector: a local server that answers like Matomo's tracker, and shows whether Matomo stores a hit, under which title, URL
 * and visitor, and which data Matomo drops.
 *
 * @throws {@link OptionError}, a `TypeError`, if an option is unknown or invalid. It names the option and the value.
 * @throws Error if it cannot listen on `host` and `port`
 *
 * @example
 * const inspector = await startInspector();
 * new MatomoSpanProcessor({ url: inspector.url, siteId: 1 });
 * // … requests …
 * inspector.hits()[0].stored; // { type: 'page', title: 'GET /users/:id', … }
 * await inspector.close();
 */
export async function startInspector(options: InspectorOptions = {}): Promise<Inspector> {
  const resolved = resolveInCode('startInspector()', INSPECTOR_OPTIONS, options);
  const judgeHit = createJudge(resolved);
  const log = createHitLog();
  const answerPage = createPage(log, resolved.host);
  let played = { status: 0, times: 0 };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url = '', headers } = request;
    const [path = ''] = url.split('?', 1);
    const query = url.slice(path.length + 1);
    if (!/\/(?:matomo|piwik)\.php$/.test(path)) return answerPage(path, query, request, response);
    const body = await collectBody(request, { maxBytes: MAX_BODY_BYTES });
    if (typeof body === 'string') return void request.destroy();
    if (played.times > 0) {
      played.times -= 1;
      return end(response, played.status, 'text/html', '');
    }
    answerTracker(readTrackerRequest(headers, query, body.toString()), response);
  }

  function answerTracker(request: TrackerRequest, response: ServerResponse): void {
    const received = Date.now();
    const hits = request.hits.map((params): InspectedHit => {
      const shown = 'token_auth' in params ? { ...params, token_auth: '…' } : params;
      const judged = judgeHit(params, request, received);
      return { received, params: shown, ...describeRequest(params), ...judged };
    });
    log.add(hits);
    const invalid = hits.filter(({ verdict }) => verdict === 'invalid').length;
    response.setHeader('Cache-Control', 'no-store');
    const counters = { status: 'success', tracked: hits.length - invalid, invalid };
    const [status, contentType, body] = request.isBulk
      ? [200, 'application/json', JSON.stringify(counters)]
      : [invalid > 0 ? 400 : 200, 'image/gif', IMAGE];
    const isEmpty = !request.sendsImage;
    end(response, isEmpty && status === 200 ? 204 : status, contentType, isEmpty ? '' : body);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = KEEP_ALIVE_MILLIS;
  await listenUntracked(server, resolved.host, resolved.port);

  async function close(): Promise<void> {
    log.close();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  return {
    url: urlOf(server),
    hits: log.all,
    waitForHits: log.waitForHits,
    clear: log.clear,
    play(next) {
      played = next ? { ...resolveInCode('play()', PLAYED_ANSWER, next) } : { status: 0, times: 0 };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

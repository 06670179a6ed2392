import { randomBytes } from 'node:crypto';
import { holdEventLoop } from '../../common/hold-event-loop.js';
import { type BulkResult, readAnswer } from '../../delivery/answer/read-answer.js';
import { createTransport } from '../../delivery/http/create-transport.js';
import type { Exchange } from '../../delivery/http/transport.js';
import { encodeHits, toBody } from '../../delivery/queue/encode-hits.js';
import type { ResolvedOptions } from '../../options/resolved-options.js';
import { USER_AGENT } from '../../pipeline/create-delivery.js';

/** The maximum time for one question. */
export const LONGEST_MILLIS = 10_000;

/** An address that is reserved for documentation. */
const NOBODY = '192.0.2.1';

/** Tracking parameters by name. */
type Parameters = Readonly<Record<string, string>>;

/** What Matomo answered to hits that were sent together. */
export interface Answer {
  readonly exchange: Exchange;
  readonly verdict: BulkResult;
  /** The middle between question and answer, by the clock of this machine. */
  readonly askedMillis: number;
}

/** Questions to Matomo. Only `send` stores anything. */
export interface Questions {
  /** Does the site exist? Matomo checks site and token first, and stores nothing if `rec` is 0. */
  site(): Promise<Answer>;
  /** Has the token write access to it? Each rejection counts toward Matomo's lock-out. */
  token(): Promise<Answer>;
  /** Does Matomo silently drop such a hit? It would do so before it rejects this one for its invalid visitor ID. */
  isDropped(withToken: boolean): Promise<Answer>;
  /** The same for several hits in one bulk, each with its own parameters; bots are kept. */
  areDropped(hits: readonly Parameters[], withToken: boolean): Promise<Answer>;
  /** Does the database answer? Matomo looks up the visitor of a ping, and stores nothing if it does not know the visitor. */
  ping(withToken: boolean): Promise<Answer>;
  /** Sends a page view. */
  send(withToken: boolean, title: string): Promise<Answer>;
}

/** Creates questions that are sent like hits. If `bypassesQueue`, Matomo answers them itself despite QueuedTracking. */
export function createQuestions(options: ResolvedOptions, bypassesQueue: boolean): Questions {
  const { tokenAuth, siteId, trackBots, baseUrl, headers, exportTimeoutMillis } = options;
  const url = new URL(options.url);
  if (bypassesQueue) url.search = '?queuedtracking=0';

  const ask = (parameters: Parameters, withToken: boolean) => askAll([parameters], withToken);

  async function askAll(all: readonly Parameters[], withToken: boolean): Promise<Answer> {
    const hits = all.map((parameters) => {
      const query = `?${new URLSearchParams({ idsite: String(siteId), ...parameters })}`;
      return { site: 0, visitor: '', startSeconds: 0, kind: 'page', query } as const;
    });
    const transport = createTransport({ url, headers, userAgent: USER_AGENT });
    const start = Date.now();
    const body = toBody(encodeHits(hits), withToken ? tokenAuth : undefined);
    const limitMillis = Math.min(exportTimeoutMillis, LONGEST_MILLIS);
    const exchange = await holdEventLoop(transport.send(body, limitMillis));
    const askedMillis = (start + Date.now()) / 2;
    await transport.close();
    // `hasToken: false`, because each check interprets an invalid hit itself.
    const verdict = readAnswer(exchange, { sent: hits.length, hasToken: false, hasTracked: false });
    return { exchange, verdict, askedMillis };
  }

  /** The parameters that decide whether Matomo drops a hit of this service. */
  function likeHits(withToken: boolean): Parameters {
    return {
      rec: '1',
      ua: USER_AGENT,
      lang: 'en',
      ...(trackBots && { bots: '1' }),
      ...(baseUrl !== undefined && { url: `${baseUrl}/` }),
      ...(withToken && { cip: NOBODY }),
    };
  }

  return {
    site: () => ask({ rec: '0' }, false),
    token: () => ask({ rec: '0', cip: NOBODY }, true),
    isDropped: (withToken) => ask({ ...likeHits(withToken), cid: 'no-visitor' }, withToken),
    areDropped: (hits, withToken) =>
      askAll(
        hits.map((own) => ({ ...likeHits(withToken), bots: '1', ...own, cid: 'no-visitor' })),
        withToken,
      ),
    ping: (withToken) => ask({ ...likeHits(withToken), cid: anybody(), ping: '1' }, withToken),
    send: (withToken, title) =>
      ask({ ...likeHits(withToken), cid: anybody(), action_name: title }, withToken),
  };
}

/** Whether Matomo processed the hit and counted it like that. */
export function isProcessed({ verdict }: Answer, as: 'tracked' | 'invalid'): boolean {
  return verdict.kind === 'processed' && verdict[as] === 1;
}

function anybody(): string {
  return randomBytes(8).toString('hex');
}

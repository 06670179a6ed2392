import { randomBytes } from 'node:crypto';
import { toBody } from '../../delivery/batch.js';
import { createTransport } from '../../delivery/create-transport.js';
import { encodeHits } from '../../delivery/encode-hits.js';
import { type BulkResult, readAnswer } from '../../delivery/read-answer.js';
import type { Exchange } from '../../delivery/transport.js';
import type { ResolvedOptions } from '../../options/resolved-options.js';
import { USER_AGENT } from '../../pipeline/create-delivery.js';

/** Longest that one question may take. */
export const LONGEST_MILLIS = 10_000;

/** An address that is nobody's. */
const NOBODY = '192.0.2.1';

/** What Matomo said to one hit, and when by the clock here. */
export interface Answer {
  readonly exchange: Exchange;
  readonly verdict: BulkResult;
  /** Between question and answer. */
  readonly askedMillis: number;
}

/** Questions to Matomo. Only `send` leaves anything in it. */
export interface Questions {
  /** Is there such a site? Matomo looks at site and token first, and stores nothing where `rec` is 0. */
  site(): Promise<Answer>;
  /** May the token write to it? Each refusal counts towards Matomo's lock-out. */
  token(): Promise<Answer>;
  /** Is such a hit dropped without a word? Matomo does so before it refuses this one for its visitor ID. */
  isDropped(withToken: boolean): Promise<Answer>;
  /** Does the database answer? Matomo looks for the visitor of a ping, and stores nothing of one that it does not know. */
  ping(withToken: boolean): Promise<Answer>;
  /** A page view. */
  send(withToken: boolean, title: string): Promise<Answer>;
}

/** Asks with the way to Matomo that hits take. `past` a queue in front of it, where there is one. */
export function createQuestions(options: ResolvedOptions, past: boolean): Questions {
  const { tokenAuth, siteId, trackBots, baseUrl, headers, exportTimeoutMillis } = options;
  const url = new URL(options.url);
  if (past) url.search = '?queuedtracking=0';

  async function ask(parameters: Record<string, string>, withToken: boolean): Promise<Answer> {
    const query = `?${new URLSearchParams({ idsite: String(siteId), ...parameters })}`;
    const hit = { site: 0, visitor: '', startSeconds: 0, kind: 'page', query } as const;
    const transport = createTransport({ url, headers, userAgent: USER_AGENT });
    const start = Date.now();
    const body = toBody(encodeHits([hit]), withToken ? tokenAuth : undefined);
    const exchange = await transport.send(body, Math.min(exportTimeoutMillis, LONGEST_MILLIS));
    const askedMillis = (start + Date.now()) / 2;
    await transport.close();
    // Whatever all-invalid means is for the one who asked to say.
    const verdict = readAnswer(exchange, { sent: 1, hasToken: false, hasTracked: false });
    return { exchange, verdict, askedMillis };
  }

  /** As hits of requests are, as far as that is known. */
  function likeHits(withToken: boolean): Record<string, string> {
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
    ping: (withToken) => ask({ ...likeHits(withToken), cid: anybody(), ping: '1' }, withToken),
    send: (withToken, title) =>
      ask({ ...likeHits(withToken), cid: anybody(), action_name: title }, withToken),
  };
}

/** Whether Matomo has looked at the one hit and found it so. */
export function isProcessed({ verdict }: Answer, as: 'tracked' | 'invalid'): boolean {
  return verdict.kind === 'processed' && verdict[as] === 1;
}

function anybody(): string {
  return randomBytes(8).toString('hex');
}

import { randomBytes } from 'node:crypto';
import { holdEventLoop } from '../../common/timers.js';
import { type BulkResult, interpretAnswer } from '../../delivery/answer.js';
import { toBody } from '../../delivery/bulk.js';
import { createTransport, type Exchange } from '../../delivery/http.js';
import type { ResolvedOptions } from '../../options/option-table.js';
import { USER_AGENT } from '../../tracker/create-delivery.js';
import { ApiFailure, createApiClient } from '../matomo-api.js';
import { type MatomoSite, readSite } from '../matomo-site.js';

/** The maximum time for one question. */
const LONGEST_MILLIS = 10_000;

/** An address that is reserved for documentation. */
const NOBODY = '192.0.2.1';

/** Tracking parameters by name. */
type Parameters = Readonly<Record<string, string>>;

/** The answer of Matomo to hits that were sent in one request. */
export interface Answer {
  readonly exchange: Exchange;
  readonly verdict: BulkResult;
}

type Asked = Pick<
  ResolvedOptions,
  'url' | 'siteId' | 'tokenAuth' | 'headers' | 'exportTimeoutMillis'
>;

/** Sends one hit for each set of parameters. */
async function askTracker(
  { url, siteId, tokenAuth, headers, exportTimeoutMillis }: Asked,
  all: readonly Parameters[],
): Promise<Answer> {
  const hits = all.map((parameters) => {
    const query = `?${new URLSearchParams({ idsite: String(siteId), ...parameters })}`;
    return { site: 0, visitor: '', startSeconds: 0, kind: 'action', query } as const;
  });
  const transport = createTransport({ url, headers, userAgent: USER_AGENT });
  const limitMillis = Math.min(exportTimeoutMillis, LONGEST_MILLIS);
  const exchange = await holdEventLoop(transport.send(toBody(hits, tokenAuth), limitMillis));
  await transport.close();
  // With `hasToken: false`, each check interprets an invalid hit itself.
  const known = { sent: hits.length, hasToken: false, token: tokenAuth, isMatomo: false };
  return { exchange, verdict: interpretAnswer(exchange, known) };
}

/**
 * Asks whether the token has write access to the site. Nothing is stored.
 * Matomo counts each rejection, and several lock this address out.
 */
export function tryToken(asked: Asked): Promise<Answer> {
  return askTracker(asked, [{ rec: '0', cip: NOBODY }]);
}

export interface Questions extends ReturnType<typeof createQuestions> {}

/**
 * Creates questions to Matomo. They are sent like hits, with the token if there is one. Only `send` stores anything. With `bypassesQueue`, Matomo
 * itself answers despite QueuedTracking.
 */
export function createQuestions(options: ResolvedOptions, bypassesQueue: boolean) {
  const { tokenAuth, trackBots, baseUrl } = options;
  const url = new URL(options.url);
  if (bypassesQueue) url.search = '?queuedtracking=0';

  const ask = (all: readonly Parameters[], withToken = true) =>
    askTracker({ ...options, url, tokenAuth: withToken ? tokenAuth : undefined }, all);

  /** Parameters of an unknown visitor that decide whether Matomo drops hits like those of this service. */
  function likeHits(): Parameters {
    return {
      rec: '1',
      ua: USER_AGENT,
      lang: 'en',
      cid: randomBytes(8).toString('hex'),
      ...(trackBots && { bots: '1' }),
      ...(baseUrl !== undefined && { url: `${baseUrl}/` }),
      ...(tokenAuth !== undefined && { cip: NOBODY }),
    };
  }

  return {
    /** Asks whether the site exists. Matomo checks site and token first, and stores nothing if `rec` is 0. */
    site: () => ask([{ rec: '0' }], false),
    token: () => tryToken({ ...options, url }),
    /**
     * Asks whether Matomo silently drops such hits. Their invalid
     * visitor ID makes Matomo reject hits that it does not drop.
     */
    areDropped: (hits: readonly Parameters[]) =>
      ask(hits.map((own) => ({ ...likeHits(), ...own, cid: 'no-visitor' }))),
    /** Asks whether the database answers. Matomo looks up the visitor of a ping, and stores nothing for an unknown visitor. */
    ping: () => ask([{ ...likeHits(), ping: '1' }]),
    /** Sends a page view. */
    send: (title: string) => ask([{ ...likeHits(), action_name: title }]),
  };
}

/** Whether Matomo processed the hit and counted it as tracked or invalid. */
export function isProcessed({ verdict }: Answer, as: 'tracked' | 'invalid'): boolean {
  return verdict.kind === 'processed' && verdict[as] === 1;
}

/** Asks Matomo's HTTP API about the site. Returns the failure if it does not answer. */
export async function askApi(
  { url, tokenAuth: token = '', headers, exportTimeoutMillis }: ResolvedOptions,
  siteId: number,
): Promise<MatomoSite | ApiFailure> {
  const timeoutMillis = Math.min(exportTimeoutMillis, LONGEST_MILLIS);
  const client = createApiClient({ url, token, headers, timeoutMillis });
  try {
    return await readSite(client, siteId);
  } catch (error) {
    if (error instanceof ApiFailure) return error;
    throw error;
  } finally {
    await client.close();
  }
}

import { randomBytes } from 'node:crypto';
import { holdEventLoop } from '../../common/timers.js';
import { type BulkResult, interpretAnswer } from '../../delivery/answer.js';
import { toBody } from '../../delivery/bulk.js';
import { createTransport, type Exchange } from '../../delivery/http.js';
import type { ResolvedOptions } from '../../options/option-table.js';
import { USER_AGENT } from '../../tracker/create-delivery.js';
import {
  ACCESS,
  type ApiCall,
  ApiFailure,
  type ApiResult,
  createApiClient,
  getDimensions,
  isPluginActivated,
  listOf,
  readAccess,
  readFlag,
  readVersion,
  toDimension,
} from '../matomo-api.js';
import { SPAM_PREVENTION } from '../spam-prevention.js';

/** The maximum time for one question. */
const LONGEST_MILLIS = 10_000;

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

export interface Questions extends ReturnType<typeof createQuestions> {}

/**
 * Creates questions to Matomo that are sent like hits, with the token if there is one. Only `send` stores anything. If `bypassesQueue`,
 * Matomo answers them itself despite QueuedTracking.
 */
export function createQuestions(options: ResolvedOptions, bypassesQueue: boolean) {
  const { tokenAuth, siteId, trackBots, baseUrl, headers, exportTimeoutMillis } = options;
  const url = new URL(options.url);
  if (bypassesQueue) url.search = '?queuedtracking=0';

  async function ask(all: readonly Parameters[], withToken = true): Promise<Answer> {
    const hits = all.map((parameters) => ({
      query: `?${new URLSearchParams({ idsite: String(siteId), ...parameters })}`,
    }));
    const transport = createTransport({ url, headers, userAgent: USER_AGENT });
    const start = Date.now();
    const body = toBody(hits, withToken ? tokenAuth : undefined);
    const limitMillis = Math.min(exportTimeoutMillis, LONGEST_MILLIS);
    const exchange = await holdEventLoop(transport.send(body, limitMillis));
    const askedMillis = (start + Date.now()) / 2;
    await transport.close();
    // `hasToken: false`, because each check interprets an invalid hit itself.
    const known = { sent: hits.length, hasToken: false, token: tokenAuth, isMatomo: true };
    const verdict = interpretAnswer(exchange, known);
    return { exchange, verdict, askedMillis };
  }

  /** The parameters that decide whether Matomo drops a hit of this service, by an unknown visitor. */
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
    /** Does the site exist? Matomo checks site and token first, and stores nothing if `rec` is 0. */
    site: () => ask([{ rec: '0' }], false),
    /** Has the token write access to it? Each rejection counts toward Matomo's lock-out. */
    token: () => ask([{ rec: '0', cip: NOBODY }]),
    /** Does Matomo silently drop such hits? It would do so before it rejects them for their invalid visitor ID. */
    areDropped: (hits: readonly Parameters[]) =>
      ask(hits.map((own) => ({ ...likeHits(), ...own, cid: 'no-visitor' }))),
    /** Does the database answer? Matomo looks up the visitor of a ping, and stores nothing if it does not know the visitor. */
    ping: () => ask([{ ...likeHits(), ping: '1' }]),
    /** Sends a page view. */
    send: (title: string) => ask([{ ...likeHits(), action_name: title }]),
  };
}

/** Whether Matomo processed the hit and counted it like that. */
export function isProcessed({ verdict }: Answer, as: 'tracked' | 'invalid'): boolean {
  return verdict.kind === 'processed' && verdict[as] === 1;
}

/** Whether Matomo processed the hit and did not say how. */
export function isUnconfirmed({ verdict }: Answer): boolean {
  return verdict.kind === 'processed' && verdict.unconfirmed > 0;
}

/** What Matomo's HTTP API says about how a hit is stored. `undefined` if the token has no access to it. */
export type SiteSettings = Exclude<Awaited<ReturnType<typeof readSiteSettings>>, ApiFailure>;

/** Asks everything in one request. If Matomo rejects the token, that counts toward its lock-out. */
export async function readSiteSettings(options: ResolvedOptions, hasGoals: boolean) {
  const results = await callAll(options, [
    isPluginActivated('CustomVariables'),
    isPluginActivated('CustomDimensions'),
    isPluginActivated('QueuedTracking'),
    getDimensions(String(options.siteId)),
    { method: 'API.getMatomoVersion' },
    isPluginActivated('BotTracking'),
    isPluginActivated(SPAM_PREVENTION),
    ...ACCESS,
    ...(hasGoals ? [{ method: 'Goals.getGoals', params: { idSite: String(options.siteId) } }] : []),
  ]);
  if (results instanceof ApiFailure) return results;
  const [variables, customDimensions, queue, dimensions, version, botTracking, spam, ...others] =
    results;
  const access = others.slice(0, ACCESS.length);
  const goals = others[ACCESS.length];
  return {
    /** `undefined` if Matomo does not say. */
    access: access.every(({ kind }) => kind === 'value')
      ? readAccess(access, options.siteId)
      : undefined,
    hasCustomVariables: readFlag(variables),
    hasCustomDimensions: readFlag(customDimensions),
    hasQueuedTracking: readFlag(queue),
    dimensions: dimensions?.kind === 'value' ? listOf(dimensions).map(toDimension) : undefined,
    version: readVersion(version),
    hasBotTracking: readFlag(botTracking),
    hasSpamPrevention: readFlag(spam),
    /** Only read if `hasGoals`: the application uses some. */
    goals: goals?.kind === 'value' ? listOf(goals).map(({ idgoal }) => Number(idgoal)) : undefined,
  };
}

/** Calls Matomo's API. */
export async function callAll(
  { url, tokenAuth: token = '', headers, exportTimeoutMillis }: ResolvedOptions,
  calls: readonly ApiCall[],
): Promise<readonly ApiResult[] | ApiFailure> {
  const timeoutMillis = Math.min(exportTimeoutMillis, LONGEST_MILLIS);
  const client = createApiClient({ url, token, headers, timeoutMillis });
  try {
    return await client.callAll(calls);
  } catch (error) {
    if (error instanceof ApiFailure) return error;
    throw error;
  } finally {
    await client.close();
  }
}

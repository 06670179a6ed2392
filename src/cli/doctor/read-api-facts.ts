import type { ResolvedOptions } from '../../options/resolved-options.js';
import type { ApiResult } from '../matomo-api/api-answer.js';
import { type ApiCall, createApiClient } from '../matomo-api/api-client.js';
import { ApiFailure } from '../matomo-api/api-failure.js';
import { type Dimension, getDimensions, toDimension } from '../matomo-api/dimension.js';
import { isPluginActivated, readFlag } from '../matomo-api/plugin.js';
import { listOf, readText } from '../matomo-api/result-values.js';
import { SPAM_PREVENTION } from '../matomo-api/spam-prevention.js';
import { LONGEST_MILLIS } from './tracker-questions.js';

/** What Matomo's HTTP API says about how a hit is stored. `undefined` if the token has no access to it. */
export interface ApiFacts {
  readonly hasCustomVariables: boolean | undefined;
  readonly hasCustomDimensions: boolean | undefined;
  readonly hasQueuedTracking: boolean | undefined;
  readonly dimensions: readonly Dimension[] | undefined;
  /** Such as `5.12.0`. */
  readonly version: string | undefined;
  readonly hasBotTracking: boolean | undefined;
  readonly hasSpamPrevention: boolean | undefined;
}

/** Asks everything in one request. The token must be one that Matomo has accepted before. `undefined` if the API fails. */
export async function readApiFacts(options: ResolvedOptions): Promise<ApiFacts | undefined> {
  const results = await callAll(options, [
    isPluginActivated('CustomVariables'),
    isPluginActivated('CustomDimensions'),
    isPluginActivated('QueuedTracking'),
    getDimensions(Number(options.siteId)),
    { method: 'API.getMatomoVersion' },
    isPluginActivated('BotTracking'),
    isPluginActivated(SPAM_PREVENTION),
  ]);
  if (results === undefined) return undefined;
  const [variables, customDimensions, queue, dimensions, version, botTracking, spam] = results;
  return {
    hasCustomVariables: readFlag(variables),
    hasCustomDimensions: readFlag(customDimensions),
    hasQueuedTracking: readFlag(queue),
    dimensions: dimensions?.kind === 'value' ? listOf(dimensions).map(toDimension) : undefined,
    version: readText(version),
    hasBotTracking: readFlag(botTracking),
    hasSpamPrevention: readFlag(spam),
  };
}

/** Calls Matomo's API; `undefined` if it fails. */
export async function callAll(
  { url, tokenAuth: token = '', headers, exportTimeoutMillis }: ResolvedOptions,
  calls: readonly ApiCall[],
): Promise<readonly ApiResult[] | undefined> {
  const timeoutMillis = Math.min(exportTimeoutMillis, LONGEST_MILLIS);
  const client = await createApiClient({ url, token, headers, timeoutMillis });
  try {
    return await client.callAll(calls);
  } catch (error) {
    if (error instanceof ApiFailure) return undefined;
    throw error;
  } finally {
    await client.close();
  }
}

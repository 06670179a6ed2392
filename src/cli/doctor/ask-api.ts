import { createTransport } from '../../delivery/create-transport.js';
import type { Exchange } from '../../delivery/transport.js';
import type { ResolvedOptions } from '../../options/resolved-options.js';
import { USER_AGENT } from '../../pipeline/create-delivery.js';
import { LONGEST_MILLIS } from './ask-matomo.js';

/** A custom dimension of the site. */
export interface Dimension {
  readonly id: string;
  readonly scope: string;
  readonly isActive: boolean;
}

/** What Matomo's HTTP API says of how a hit is stored. `undefined`: the token may not know. */
export interface ApiFacts {
  readonly hasCustomVariables: boolean | undefined;
  readonly hasCustomDimensions: boolean | undefined;
  readonly hasQueuedTracking: boolean | undefined;
  readonly dimensions: readonly Dimension[] | undefined;
}

/** Asks everything in one request, with a token that Matomo has accepted before; `undefined` if the API does not answer. */
export async function askApi(options: ResolvedOptions): Promise<ApiFacts | undefined> {
  const isActivated = 'method=API.isPluginActivated&pluginName=';
  const dimensions = 'method=CustomDimensions.getConfiguredCustomDimensions&idSite=';
  const answers = await askBulk(options, [
    `${isActivated}CustomVariables`,
    `${isActivated}CustomDimensions`,
    `${isActivated}QueuedTracking`,
    `${dimensions}${options.siteId}`,
  ]);
  if (answers === undefined) return undefined;
  return {
    hasCustomVariables: toFlag(answers[0]),
    hasCustomDimensions: toFlag(answers[1]),
    hasQueuedTracking: toFlag(answers[2]),
    dimensions: toDimensions(answers[3]),
  };
}

/** The token goes into the body: in a URL it would be logged. */
async function askBulk(
  options: ResolvedOptions,
  methods: readonly string[],
): Promise<readonly unknown[] | undefined> {
  const form = new URLSearchParams({ token_auth: options.tokenAuth ?? '' });
  for (const [index, method] of methods.entries()) form.set(`urls[${index}]`, method);
  const exchange = await post(options, 'API.getBulkRequest', form);
  if (exchange.kind !== 'answer' || exchange.status !== 200) return undefined;
  const answers = readJson(exchange.body);
  return Array.isArray(answers) ? answers : undefined;
}

async function post(
  { url, headers, exportTimeoutMillis }: ResolvedOptions,
  method: string,
  form: URLSearchParams,
): Promise<Exchange> {
  const api = new URL('index.php', url);
  api.search = `?module=API&format=JSON&method=${method}`;
  const contentType = 'application/x-www-form-urlencoded';
  const transport = createTransport({
    url: api,
    headers,
    userAgent: USER_AGENT,
    contentType,
  });
  const body = Buffer.from(form.toString());
  const exchange = await transport.send(body, Math.min(exportTimeoutMillis, LONGEST_MILLIS));
  await transport.close();
  return exchange;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Errors come as objects with another shape. */
function toFlag(answer: unknown): boolean | undefined {
  const { value } = (answer ?? {}) as { value?: unknown };
  return typeof value === 'boolean' ? value : undefined;
}

function toDimensions(answer: unknown): Dimension[] | undefined {
  if (!Array.isArray(answer)) return undefined;
  return answer.map(({ idcustomdimension, scope, active }) => ({
    id: String(idcustomdimension),
    scope: String(scope),
    isActive: active === true || active === '1' || active === 1,
  }));
}

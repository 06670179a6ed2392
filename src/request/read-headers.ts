import type { IncomingHttpHeaders } from 'node:http';
import type { Attributes, AttributeValue } from '../common/otel-types.js';
import { RecentTexts, remember } from '../common/recent-texts.js';
import type { HttpRequest } from '../hit/http-request.js';
import { decodeLatin1 } from '../hit/text.js';
import { CLIENT_HINTS, Client, type Sender } from '../hit/visitor/client.js';
import { textOf } from './finished-span.js';
import type { RequestReading } from './read-request.js';

/** The headers of Node's request. */
export interface RequestHeaders {
  /** The current headers, of which the application may have deleted, changed or added some. */
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turns, as the client sent them. Another runtime may not have them. */
  readonly rawHeaders?: readonly string[] | undefined;
}

/** Headers of which any opts out. */
const OPT_OUTS = ['dnt', 'sec-gpc'];

/** Whether a request opts out. */
export function readOptOut(
  headers: IncomingHttpHeaders,
  incoming: RequestHeaders | undefined,
  { readsOptOut, capturedHeaders }: Pick<RequestReading, 'readsOptOut' | 'capturedHeaders'>,
): HttpRequest['optedOut'] {
  const isSet = (headers.dnt ?? headers['sec-gpc']) !== undefined;
  if (isSet && (isOne(headers.dnt) || isOne(headers['sec-gpc']))) return 'yes';
  if (incoming) {
    // The application may have deleted the header.
    const isSent =
      readsOptOut &&
      (isOne(readRawHeader(incoming, 'dnt')) || isOne(readRawHeader(incoming, 'sec-gpc')));
    return isSent ? 'yes' : 'no';
  }
  for (const name of OPT_OUTS)
    if (headers[name] === undefined && !capturedHeaders.has(name)) return 'unknown';
  return 'no';
}

/** The user agent in attributes. Envoy writes `-` if there is none. */
export function userAgentIn(attributes: Attributes): string | undefined {
  const sent = textOf(attributes['user_agent.original']) ?? textOf(attributes['http.user_agent']);
  if (sent !== undefined) return sent;
  const ofEnvoy = textOf(attributes.user_agent);
  return ofEnvoy === '-' ? undefined : ofEnvoy;
}

export function isOfPrefetch(headers: IncomingHttpHeaders): boolean {
  const { purpose, 'sec-purpose': secPurpose, 'x-moz': ofMozilla } = headers;
  if (headers['next-router-prefetch'] !== undefined) return true;
  if ((purpose ?? secPurpose ?? ofMozilla) === undefined) return false;
  return saysPrefetch(secPurpose) || saysPrefetch(purpose) || saysPrefetch(ofMozilla);
}

export function clientHintsOf(headers: IncomingHttpHeaders): string {
  return CLIENT_HINTS.map((name) => headerOf(headers, name)).join('\n');
}

/** The text of a header. Another program may have written the attributes, and the application may have replaced Node's headers by anything. */
export function decoded(value: AttributeValue | undefined): string | undefined {
  const text = firstText(value);
  return text === undefined ? undefined : decodeLatin1(text);
}

/** Clients by user agent and languages, as they were sent. */
const clients = /* @__PURE__ */ new RecentTexts<Client>(4096);

/** The client of a request with these headers, usually that of the connection's latest request; `undefined` without a user agent. */
export function clientOf(
  headers: IncomingHttpHeaders,
  sender?: Sender,
  agent: AttributeValue | undefined = headers['user-agent'],
): Client | undefined {
  const userAgent = firstText(agent);
  if (userAgent === undefined) return undefined;
  const language = firstText(headers['accept-language']) ?? '';
  const latest = sender?.client;
  if (latest?.userAgent === userAgent && (latest.acceptLanguage ?? '') === language) return latest;
  const client = clients.find(userAgent, language) ?? newClient(userAgent, language);
  if (sender) sender.client = client;
  return client;
}

function newClient(userAgent: string, language: string): Client {
  const store = () => clients.keep(client, userAgent, language);
  const sent = [decodeLatin1(userAgent), decoded(language)] as const;
  const client: Client = new Client(...sent, clients.mayKeep ? store : undefined);
  return client;
}

/** Whether one of the values of a header is `1`. */
function isOne(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(isOne);
  // Node.js joins several values by commas.
  return typeof value === 'string' && value.split(',').some((each) => each.trim() === '1');
}

/** Whether a header such as `prefetch;prerender` names the purpose of a request. */
function saysPrefetch(value: unknown): boolean {
  return typeof value === 'string' && PREFETCH.test(value.slice(0, MAX_PURPOSE_LENGTH));
}

const PREFETCH = /\bprefetch\b/i;
const MAX_PURPOSE_LENGTH = 100;

/** A header by its lower-case name. */
export function readHeader(headers: IncomingHttpHeaders, name: string): string | undefined {
  const dashed = name.replaceAll('_', '-');
  return headerOf(headers, name) ?? (dashed === name ? undefined : headerOf(headers, dashed));
}

/** A header by its lower-case name, as the client sent it. */
export function readRawHeader(
  { headers, rawHeaders }: RequestHeaders,
  name: string,
): string | undefined {
  if (!Array.isArray(rawHeaders)) return readHeader(headers, name);
  const dashed = name.replaceAll('_', '-');
  const texts: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const each = rawHeaders[i];
    if (each?.length !== name.length) continue;
    const lower = each.toLowerCase();
    const text = lower === name || lower === dashed ? textOf(rawHeaders[i + 1]) : undefined;
    if (text !== undefined) texts.push(text);
  }
  return texts.length === 0 ? undefined : decodeLatin1(combine(dashed, texts));
}

/**
 * A header of which Node.js keeps the first value, as the client sent it and not decoded: applications delete or replace the host and the
 * user agent to pass a request on. What else they delete, such as the referrer, is not to be tracked.
 */
export function readFirstRaw(
  { rawHeaders }: RequestHeaders,
  name: 'host' | 'user-agent',
): string | undefined {
  if (!Array.isArray(rawHeaders)) return undefined;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const each = rawHeaders[i];
    if (each?.length === name.length && FIRST_RAW[name].test(each))
      return rawHeaders[i + 1] || undefined;
  }
  return undefined;
}

/** Match names in any case. */
const FIRST_RAW = { host: /^host$/i, 'user-agent': /^user-agent$/i };

/** Node's headers by lower-case names, which an object that replaces them may not have. */
export function nodeHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const lower: IncomingHttpHeaders = Object.create(null);
  for (const name in headers) lower[name.toLowerCase()] ??= headers[name];
  return lower;
}

function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  return decoded(headers[name]);
}

const REQUEST_HEADER = 'http.request.header.';
const RESPONSE_HEADER = 'http.response.header.';

/** Headers of which Node.js keeps the first value. It joins the values of others. */
const SINGLE_HEADERS: ReadonlySet<string> = new Set([
  'authorization',
  'host',
  'referer',
  'user-agent',
]);

/** A header of the response by its lower-case name, from attributes. */
export function responseHeaderIn(attributes: Attributes, name: string): string | undefined {
  return headersIn(attributes, RESPONSE_HEADER)[name.replaceAll('_', '-')];
}

/** The headers in attributes, as Node.js combines several values. */
export function headersIn(
  attributes: Attributes,
  prefix: string = REQUEST_HEADER,
): Record<string, string | undefined> {
  const headers: Record<string, string | undefined> = Object.create(null);
  for (const attribute in attributes) {
    if (!attribute.startsWith(prefix)) continue;
    const name = headerNameOf(attribute.slice(prefix.length));
    const text = combinedText(name, attributes[attribute]);
    const known = headers[name];
    if (known === undefined) headers[name] = text;
    else if (text !== undefined && text !== known) headers[name] = combine(name, [known, text]);
  }
  return headers;
}

/** Names of headers in attributes. Some instrumentations keep upper case, and before 0.212 they had underscores. */
const headerNameOf = /* @__PURE__ */ remember(256, (text) =>
  text.toLowerCase().replaceAll('_', '-'),
);

function combinedText(name: string, value: AttributeValue | undefined): string | undefined {
  if (!Array.isArray(value)) return Number.isFinite(value) ? String(value) : textOf(value);
  const texts = value.filter((each) => textOf(each) !== undefined) as string[];
  return texts.length === 0 ? undefined : combine(name, texts);
}

function combine(name: string, texts: readonly string[]): string {
  if (SINGLE_HEADERS.has(name)) return texts[0] as string;
  return texts.join(name === 'cookie' ? '; ' : ', ');
}

/** A text, or the first one of a list. */
export function firstText(value: AttributeValue | undefined): string | undefined {
  const text = Array.isArray(value) ? value[0] : value;
  return typeof text === 'string' && text !== '' ? text : undefined;
}

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
  /** Alternating names and values, as the client sent them. Other runtimes may not provide them. */
  readonly rawHeaders?: readonly string[] | undefined;
}

/** Each of these headers can opt a request out. */
const OPT_OUTS = ['dnt', 'sec-gpc'];

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

/**
 * Decodes a header. The value may have any type: other programs write
 * attributes, and the application may have replaced Node's headers.
 */
export function decoded(value: AttributeValue | undefined): string | undefined {
  const text = firstText(value);
  return text === undefined ? undefined : decodeLatin1(text);
}

/** Clients by user agent and languages, which are not decoded. */
const clients = /* @__PURE__ */ new RecentTexts<Client>(4096);

/** The client with these headers, usually that of the latest request on the connection; `undefined` without a user agent. */
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

/** Whether a header such as `prefetch;prerender` says that a request is a prefetch. */
function saysPrefetch(value: unknown): boolean {
  return typeof value === 'string' && PREFETCH.test(value.slice(0, MAX_PURPOSE_LENGTH));
}

const PREFETCH = /\bprefetch\b/i;
const MAX_PURPOSE_LENGTH = 100;

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
 * A header as the client sent it, not decoded. Applications delete or replace the host and the user agent when they pass a request on, so the
 * sent values count. Other headers that applications delete, such as the referrer, must not be tracked.
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

/** Patterns for names in any case. */
const FIRST_RAW = { host: /^host$/i, 'user-agent': /^user-agent$/i };

/** Node's headers with lower-case names. An object with which the application replaces the headers may have other names. */
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

/** Headers of which Node.js keeps only the first value. Values of other headers are joined. */
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

/** The headers in attributes. Several values are combined as in Node.js. */
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

/**
 * Normalizes names of headers in attributes. Some instrumentations
 * keep upper case, and before version 0.212 names had underscores.
 */
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

/** Returns a string, or the first one of a list. */
export function firstText(value: AttributeValue | undefined): string | undefined {
  const text = Array.isArray(value) ? value[0] : value;
  return typeof text === 'string' && text !== '' ? text : undefined;
}

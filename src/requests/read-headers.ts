import type { IncomingHttpHeaders } from 'node:http';
import type { Attributes, AttributeValue } from '@opentelemetry/api';
import { GenerationCache, memoize, memoizeLatest } from '../common/generation-cache.js';
import { isAiAgent } from '../hit/ai-agent.js';
import { Client } from '../hit/client.js';
import { readClientHints } from '../hit/client-hints.js';
import { decodeLatin1 } from '../hit/decode-latin1.js';
import { textOf } from './finished-span.js';

/** The headers that are read from every request. */
export interface CommonHeaders {
  readonly host: string | undefined;
  readonly userAgent: string | undefined;
  readonly acceptLanguage: string | undefined;
  readonly client: Client | undefined;
  readonly referrer: string | undefined;
  /** Client hints as Matomo's `uadata`: JSON. */
  readonly clientHints: string | undefined;
  /** `DNT: 1` or `Sec-GPC: 1`. */
  readonly optedOut: boolean;
  /** Signed by an AI agent that Matomo recognizes. */
  readonly isAiAgent: boolean;
}

// Equal texts become one string, so that pending requests do not keep a copy each.
export const toOne: (text: string) => string = memoize((text: string) => text);
const toOneDecoded = memoize(decodeLatin1);
const toOneHost = memoizeLatest(decodeLatin1);
// In a cache of their own: a large site has so many that they would evict the other texts.
const toOneReferrer = memoize(decodeLatin1);

/** From Node's request. Headers are read by constant names, which takes a third less CPU time than names in a variable. */
export function commonHeadersOf(headers: IncomingHttpHeaders): CommonHeaders {
  // The application may have replaced them by anything.
  const client = clientOf(firstText(headers['user-agent']), firstText(headers['accept-language']));
  return {
    host: commonText(headers.host, toOneHost),
    userAgent: client ? client.userAgent : undefined,
    acceptLanguage: client ? client.acceptLanguage : commonText(headers['accept-language']),
    client,
    referrer: commonText(headers.referer, toOneReferrer),
    clientHints:
      headers['sec-ch-ua'] === undefined
        ? undefined
        : readClientHints((name) => headerOf(headers, name)),
    optedOut: headers.dnt === '1' || headers['sec-gpc'] === '1',
    isAiAgent:
      headers['signature-agent'] !== undefined && isAiAgent((name) => headerOf(headers, name)),
  };
}

/** A user agent with the languages that were sent with it. */
interface UserAgent {
  readonly text: string;
  /** By header; the one that was sent last is compared first. */
  readonly clients: Map<string, Client>;
  latestLanguage: string;
  latest: Client;
}

const MAX_LANGUAGE_LENGTH = 200;
/** Browsers of one version differ in their languages. */
const MAX_LANGUAGES = 5;
/** A scanner sends ever new ones: each takes up to 15 kB with its languages and what is derived from them. */
const MAX_USER_AGENTS = 2000;
const userAgents = new GenerationCache<string, UserAgent>(MAX_USER_AGENTS);

/** The client of a user agent and a language; `undefined` without a user agent. */
function clientOf(userAgent: string | undefined, language = ''): Client | undefined {
  if (textOf(userAgent) === undefined) return undefined;
  const known = userAgents.get(userAgent as string);
  if (known?.latestLanguage === language) return known.latest;
  return clientOfLanguage(userAgent as string, language, known);
}

function clientOfLanguage(header: string, language: string, known: UserAgent | undefined): Client {
  const text = known ? known.text : decodeLatin1(header);
  let client = known?.clients.get(language);
  if (!client) {
    client = new Client(text, commonText(language));
    if (language.length > MAX_LANGUAGE_LENGTH) return client;
    if (known && known.clients.size < MAX_LANGUAGES) known.clients.set(language, client);
  }
  if (known) {
    known.latestLanguage = language;
    known.latest = client;
  } else {
    const clients = new Map([[language, client]]);
    userAgents.set(header, { text, clients, latestLanguage: language, latest: client });
  }
  return client;
}

/** From attributes in which an instrumentation captured headers. Most do not: one look at the names costs less than ten lookups. */
export function commonHeadersIn(attributes: Attributes): CommonHeaders {
  if (!hasHeaders(attributes)) return NO_HEADERS;
  const header = (name: string) => headerIn(attributes, name);
  const common = (name: string) => {
    const text = header(name);
    return text === undefined ? undefined : toOne(text);
  };
  return {
    host: common('host'),
    userAgent: common('user-agent'),
    acceptLanguage: common('accept-language'),
    client: undefined,
    referrer: common('referer'),
    clientHints: readClientHints(header),
    optedOut: header('dnt') === '1' || header('sec-gpc') === '1',
    isAiAgent: isAiAgent(header),
  };
}

function hasHeaders(attributes: Attributes): boolean {
  for (const name in attributes) if (name.startsWith('http.request.header.')) return true;
  return false;
}

const NO_HEADERS: CommonHeaders = {
  host: undefined,
  userAgent: undefined,
  acceptLanguage: undefined,
  client: undefined,
  referrer: undefined,
  clientHints: undefined,
  optedOut: false,
  isAiAgent: false,
};

/** A header by its lower-case name, from Node's request if there is one, else from attributes. */
export function readHeader(
  headers: IncomingHttpHeaders | undefined,
  attributes: Attributes,
  name: string,
): string | undefined {
  return headers ? headerOf(headers, name) : headerIn(attributes, name);
}

function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const text = firstText(headers[name]);
  return text === undefined ? undefined : decodeLatin1(text);
}

/** Attribute names have dashes since instrumentation-http 0.212, and underscores before. */
function headerIn(attributes: Attributes, name: string): string | undefined {
  const { dashed, underscored } = attributeNamesOf(name);
  return firstText(attributes[dashed] ?? attributes[underscored]);
}

const attributeNamesOf = memoize((name: string) => ({
  dashed: `http.request.header.${name}`,
  underscored: `http.request.header.${name.replaceAll('-', '_')}`,
}));

/** The value of a header that many requests share. */
function commonText(
  value: AttributeValue | undefined,
  toOneText: (text: string) => string = toOneDecoded,
): string | undefined {
  const text = firstText(value);
  return text === undefined ? undefined : toOneText(text);
}

function firstText(value: AttributeValue | undefined): string | undefined {
  return textOf(Array.isArray(value) ? value[0] : value);
}

import { toErrorType } from '../http-request.js';
import { hasSecretForm, isSecretOperation, REDACTED } from '../page/redact.js';
import { createSentUrls, type SentUrlOptions } from '../page/sent-urls.js';
import { cleanText, shownHost } from '../text.js';
import { maskAddress, plainAddress } from '../visitor/addresses.js';

/** A header that the name of an attribute refers to. */
export interface HeaderAttribute {
  readonly direction: 'request' | 'response';
  readonly header: string;
}

const HEADER = /^http\.(request|response)\.header\./;

/** The header that an attribute name refers to; `undefined` if the name is another attribute. */
export function headerAttributeOf(attribute: string): HeaderAttribute | undefined {
  const match = HEADER.exec(attribute);
  if (!match) return undefined;
  const header = attribute.slice(match[0].length).toLowerCase();
  return { direction: match[1] as HeaderAttribute['direction'], header };
}

const MAX_PRODUCT = 64;
const MAX_VERSION = 20;
/** Longer user agents are cut before they are parsed. */
const MAX_READ = 200;
const PRODUCT = /^\s*([\w!#$%&'*+.^`|~-]+)(?:\/([\w!#$%&'*+.^`|~:-]+))?/;
const BROWSER = /^\s*mozilla\//i;

/**
 * The client library that a user agent begins with, such as `python-requests` `2.32.3`; `undefined` for browsers, and for programs that
 * look like one.
 */
export function productOf(
  userAgent: string | undefined,
): { readonly name: string; readonly version: string | undefined } | undefined {
  if (userAgent === undefined || BROWSER.test(userAgent)) return undefined;
  const [, name = '', version] = PRODUCT.exec(userAgent.slice(0, MAX_READ)) ?? [];
  if (!/[a-z]/i.test(name)) return undefined;
  return { name: name.slice(0, MAX_PRODUCT), version: version?.slice(0, MAX_VERSION) };
}

export interface SentAttributeOptions extends SentUrlOptions {
  readonly anonymizeIp: number;
}

/** Longer values are cut, because clients may send headers of any length. */
const MAX_CHARACTERS = 4096;

const ERROR_TYPES = new Set(['error.type', 'http.error_name', 'exception.type']);
/** Attributes with names of operations and clients. Clients can invent such names. */
const OPERATIONS: ReadonlySet<string> = new Set([
  'gen_ai.prompt.name',
  'graphql.operation.name',
  'mcp.client.name',
  'mcp.prompt.name',
  'mcp.tool.name',
  'rpc.method',
  'http.request.header.mcp-method',
  'http.request.header.mcp-name',
  'http.request.header.soapaction',
  'http.request.header.x-amz-target',
  'http.request.header.x-apollo-operation-name',
]);
/** Attributes with a host. Clients can invent hosts. */
const HOSTS: ReadonlySet<string> = new Set([
  'http.host',
  'http.request.header.host',
  'http.request.header.x-forwarded-host',
  'net.host.name',
  'server.address',
]);
/** Matches possible addresses in any text, with the port, brackets, quotes and zone that it may have. */
const ITEM = /"?\[[\da-f:.]+(?:%[\w.-]{1,30})?\](?::\d{1,5})?"?|[\da-f:.]+(?:%[\w.-]{1,30})?/gi;
/** Matches dots of a sentence or name, and separating colons, around an address. */
const AROUND_ADDRESS = /^(?:\.+|:(?!:))|(?<!\.)\.+$|(?<!:):$/g;
/** Matches an IPv4 address that is not part of a version with more numbers. */
const IPV4 = /(?<!\d|\d\.)0*\d{1,3}(?:\.0*\d{1,3}){3}(?!\.?\d)/g;
/** Matches leading zeros. An address must not have them, but a reader would still recognize the address. */
const LEADING_ZEROS = /(?<![\da-f])0+(?=\d)/gi;
const IPV6 = /[\da-f:]+/gi;
const URL_OR_PATH = /^(?:[a-z][a-z\d+.-]*:)?[/\\]/i;

/**
 * Redacts the value of an attribute that an option names for a dimension or as the user ID: masks addresses, redacts URLs and paths like
 * referrers, and replaces free text in error types.
 */
export function createToSentAttribute(
  options: SentAttributeOptions,
): (name: string, value: string) => string {
  const { anonymizeIp } = options;
  const urls = createSentUrls(options);

  /** Masks a text that consists of one address; `undefined` for any other text. */
  function maskOne(text: string): string | undefined {
    const bare = text.replace(AROUND_ADDRESS, '');
    const address = plainAddress(bare.replace(LEADING_ZEROS, ''));
    return address && text.replace(bare, maskAddress(address, anonymizeIp));
  }

  function maskPart(part: string): string {
    return maskOne(part) ?? part;
  }

  function maskItem(item: string): string {
    if (!/[.:]/.test(item)) return item;
    // An IPv6 address may end in an IPv4 address, and names may follow both.
    return maskOne(item) ?? item.replace(IPV4, maskPart).replace(IPV6, maskPart);
  }

  return function toSentAttribute(name, value) {
    if (ERROR_TYPES.has(name)) return toErrorType(value);
    const whole = cleanText(value.slice(0, MAX_CHARACTERS));
    const text = HOSTS.has(name) ? shownHost(whole) : whole;
    if (OPERATIONS.has(name) && isSecretOperation(text)) return REDACTED;
    const isHeader = HEADER.test(name);
    const isUrl = URL_OR_PATH.test(text) || (isHeader && holdsUrl(name, text));
    if (!isUrl && isHeader && hasSecretForm(text)) return REDACTED;
    const sent = isUrl ? urls.ofAttribute(text) : text;
    return anonymizeIp === 0 ? sent : sent.replace(ITEM, maskItem);
  };
}

/** Headers whose values are URLs, which may be relative. */
const URL_HEADER = /[.-](?:url|uri|path|location|referer|referrer|link|refresh)(?:-|$)/;

/** Whether the value of a header contains a URL, also within other text, as in `Link`. */
function holdsUrl(name: string, text: string): boolean {
  const hasQuery = text.includes('?') && text.includes('=');
  return hasQuery || text.includes('://') || URL_HEADER.test(name.replaceAll('_', '-'));
}

import { copyText } from '../../common/recent-texts.js';
import { partOf, rawPart } from '../hit-text.js';
import type { Annotations, HttpRequest, Writable } from '../http-request.js';
import { storableHints } from '../parameters/client-values.js';
import { ADDRESS, toParameterValue, USER_AGENT } from '../parameters/parameter-values.js';
import { plainAddress } from './addresses.js';
import type { Visitor } from './visitor.js';

/** Longer texts of clients are not cached, because a scanner sends a new text each time. */
const MAX_KEPT_CHARACTERS = 1000;

/** Replaces a missing user agent. Matomo would replace an empty user agent by that of our own HTTP client. */
export const NONE = '-';
export const NO_USER_AGENT = `&ua=${NONE}`;

/** The parts of a hit that describe a client. */
export interface SentClient {
  readonly userAgent: string;
  readonly text: string;
}

function newSentClient({ userAgent = '', acceptLanguage, clientHints }: ClientHeaders): SentClient {
  const sent = toParameterValue(USER_AGENT, copyText(userAgent)) ?? NONE;
  const hints = clientHints === undefined ? undefined : toClientHints(clientHints);
  const others = partOf('uadata', hints) + partOf('lang', acceptLanguage);
  return { userAgent: sent, text: copyText(rawPart('ua', sent) + others) };
}

/** The sender of the latest request of a connection. Most requests of a connection have the same sender, so later ones are compared with it. */
export class Sender {
  client: Client | undefined = undefined;
  visitor: Visitor | undefined = undefined;
  address: string | undefined = undefined;
}

type ClientHeaders = Partial<Pick<HttpRequest, 'userAgent' | 'acceptLanguage' | 'clientHints'>>;

/** A user agent and a language that many requests share, in one object that also caches the values derived from them. */
export class Client {
  readonly userAgent: string;
  readonly acceptLanguage: string | undefined;
  /** The encoded texts with the client hints of the latest request. */
  sent: SentClient | undefined;
  clientHints: string | undefined;
  /** Whether options ignore the client. `decidedBy` is the object of options for which that was decided. */
  isIgnored = false;
  isAiChatbot = false;
  decidedBy: object | undefined;
  #store: ((client: Client) => void) | undefined;

  constructor(
    userAgent: string,
    acceptLanguage: string | undefined,
    store?: (client: Client) => void,
  ) {
    this.userAgent = userAgent;
    this.acceptLanguage = acceptLanguage;
    this.#store = store;
  }

  /** Stores the client for later requests. Called only once a request is tracked, because visitors who opted out must not be stored. */
  remember(): void {
    const store = this.#store;
    if (!store) return;
    this.#store = undefined;
    store(this);
  }
}

/**
 * Stores annotations in a request. An address and a user agent that annotations set replace those of the client: an application that a service
 * calls knows the client that the service acts for. The client hints belong to the service, so they are removed.
 */
export function storeAnnotations(http: HttpRequest, annotations: readonly Annotations[]): void {
  const request = http as Writable<HttpRequest>;
  request.annotations = annotations;
  for (const { parameters } of annotations) {
    if (!parameters) continue;
    const userAgent = toParameterValue(USER_AGENT, parameters.ua) ?? NONE;
    request.address = plainAddress(toParameterValue(ADDRESS, parameters.cip)) ?? request.address;
    if (userAgent === NONE || userAgent === toParameterValue(USER_AGENT, request.userAgent))
      continue;
    request.userAgent = userAgent;
    request.client = new Client(userAgent, request.acceptLanguage);
    request.clientHints = undefined;
  }
}

/** The parts of a hit that describe the client of a request. */
export function toSentClient(
  request: ClientHeaders & { readonly client?: Client | undefined },
): SentClient {
  const { client, clientHints } = request;
  if (client?.sent && client.clientHints === clientHints) return client.sent;
  const sent = newSentClient(request);
  if (client && sent.text.length + (clientHints?.length ?? 0) <= MAX_KEPT_CHARACTERS) {
    client.sent = sent;
    client.clientHints = clientHints;
  }
  return sent;
}

/** The headers of client hints, each of which is a line of a request's `clientHints`. */
export const CLIENT_HINTS = [
  'sec-ch-ua',
  'sec-ch-ua-mobile',
  'sec-ch-ua-platform',
  'sec-ch-ua-full-version-list',
  'sec-ch-ua-model',
  'sec-ch-ua-platform-version',
] as const;

/** Builds `uadata` from the lines of client hints, as the JSON that Matomo's JavaScript tracker sends from browsers. */
function toClientHints(lines: string): string | undefined {
  const [list, mobile, platform, fullList, model, version] = lines.split('\n', CLIENT_HINTS.length);
  const brands = readBrands(list);
  if (brands.length === 0) return undefined;
  const fullVersionList = readBrands(fullList);
  return storableHints({
    brands,
    fullVersionList: fullVersionList.length > 0 ? fullVersionList : undefined,
    mobile: mobile ? mobile === '?1' : undefined,
    model: textHint(model),
    platform: textHint(platform),
    platformVersion: textHint(version),
  });
}

// The pattern is sticky: a match begins where the last one ended, so each character is read once. Anything that is not a brand ends the list.
const BRAND = /[\s,]*"((?:[^"\\]|\\.)*)"\s*;\s*v="((?:[^"\\]|\\.)*)"/y;

/** Parses a list such as `"Chromium";v="130", "Not?A_Brand";v="99"`. */
function readBrands(list: string | undefined): { brand: string; version: string }[] {
  const brands: { brand: string; version: string }[] = [];
  if (list === undefined) return brands;
  BRAND.lastIndex = 0;
  for (let item = BRAND.exec(list); item; item = BRAND.exec(list)) {
    const [, brand = '', version = ''] = item;
    brands.push({ brand: unquote(brand), version: unquote(version) });
  }
  return brands;
}

function textHint(quoted: string | undefined): string | undefined {
  const text = quoted?.match(/^\s*"((?:[^"\\]|\\.)*)"\s*$/)?.[1];
  return text ? unquote(text) : undefined;
}

function unquote(text: string): string {
  return text.replace(/\\(.)/g, '$1');
}

import { holdsSecretSegment } from './secret-segments.js';
import { holdsCredentials, holdsEmail, isSecretName, REDACTED } from './secrets.js';
import {
  asMatomoReads,
  decodeLayers,
  decodeText,
  encodedName,
  type FilterPair,
  filterPairs,
  filterParts,
  MAX_PAIRS_LENGTH,
  pairNameOf,
} from './url-pairs.js';

/** Matomo reads these as the keyword of a site search, in upper or lower case: such a hit loses its URL, title and timing. */
const SEARCH_PARAMETER = /^(?:q|query|s|search|searchword|k|keywords?)$/;

/** Next.js adds it to the URL of a page if its own code requests the page: a hash of the request's headers. */
const RSC = '_rsc';

const CAMPAIGN = /^(?:(?:utm|mtm|pk|piwik|matomo)_|(?:gclid|fbclid)$)/i;

export interface QueryPolicyOptions {
  readonly query: 'keep' | 'redact' | 'strip' | readonly string[];
  /** Keeps parameters that Matomo reads as a site search. */
  readonly siteSearch: boolean;
  /** Removes campaign parameters, as Matomo does in URLs of people. */
  readonly removesCampaigns?: boolean;
}

/**
 * What is kept of a query in the tracked URL; `''` if nothing is. Reads parameters as Matomo does, and also those that `;` separates.
 * Parameters after the first 1,024 characters that are kept are dropped.
 */
export function createToTrackedQuery(
  { query: policy, siteSearch, removesCampaigns = false }: QueryPolicyOptions,
  isRedacted: boolean = policy === 'redact',
): (query: string) => string {
  const listed = typeof policy === 'string' ? undefined : new Set(policy);
  const filter: FilterPair = (pair, isContinued) => {
    const name = pairNameOf(pair);
    if (isRemoved(name) || !(listed === undefined || listed.has(name) || isContinued)) {
      return undefined;
    }
    return isRedacted ? redactPair(pair) : pair;
  };

  function isRemoved(name: string): boolean {
    if (name === RSC || (!siteSearch && isSearchParameter(name))) return true;
    return removesCampaigns && CAMPAIGN.test(name);
  }

  if (policy === 'strip') return () => '';
  return function toTrackedQuery(query) {
    const text = asMatomoReads(query);
    let tracked: string | undefined;
    // Not with `split`, which would copy every pair.
    for (let start = 0, end = 0; end >= 0; start = end + 1) {
      end = text.indexOf('&', start);
      const kept = filterPairs(end < 0 ? text.slice(start) : text.slice(start, end), filter);
      if (kept !== undefined) tracked = tracked === undefined ? kept : `${tracked}&${kept}`;
      if (tracked !== undefined && tracked.length > MAX_PAIRS_LENGTH) break;
    }
    return tracked ?? '';
  };
}

/** Most values. `holdsSecret` finds nothing in them. */
const PLAIN = /^[\w~-]*$/;
const USER_INFO = /[/\\]{2}[^\s/\\?#@]+@/;
/** The port after it is no value. */
const HOST_AND_PORT = /:\/\/[\w.-]+:\d{1,5}(?=[/?#]|$)/g;
const SPACE_BEFORE_VALUE = /(?<!\s)\s+(?=[=:])/g;
/**
 * The path in a part of a text that is a URL or a path. What follows `//` is a host only after a scheme. `mail/2026` is no path, but may
 * be a campaign.
 */
const PATH_OF_URL = /^(?:[^/]*:\/\/[^/]*|[^/]*(?=\/\/)|[^/]*[^\w/])?(\/.*)/s;

/** Redacts values of secret names, and names and values that contain a secret. */
export function redactPair(pair: string): string {
  const name = encodedName(pair);
  if (holdsSecret(name)) return REDACTED;
  if (name.length === pair.length) return pair;
  // The name holds no secret itself, so that it is not encoded too often.
  const isNameSecret = isSecretName(decodeLayers(name, decodeText) ?? '');
  return isNameSecret || holdsSecret(pair.slice(name.length + 1)) ? `${name}=${REDACTED}` : pair;
}

/**
 * Whether a name or value is or contains a secret, such as `/login?next=%2Fx%3Ftoken%3D…`. If it is too long for a URL in Matomo, or is
 * encoded more often than anybody needs, it counts as a secret.
 */
export function holdsSecret(encoded: string): boolean {
  if (encoded.length > MAX_PAIRS_LENGTH) return true;
  if (PLAIN.test(encoded)) return false;
  const text = decodeLayers(encoded, decodeText);
  if (text === undefined || holdsCredentials(text) || holdsEmail(text)) return true;
  if (USER_INFO.test(text) || innerNames(text).some(isSecretName)) return true;
  // A query and the fragment of a hash router may have paths, too.
  return text.split(/[?#]/).some((part) => holdsSecretSegment(PATH_OF_URL.exec(part)?.[1] ?? ''));
}

/** The texts before each `=` and `:`, also in JSON. */
function innerNames(text: string): string[] {
  const pieces = text
    .replace(HOST_AND_PORT, ' ')
    .replace(SPACE_BEFORE_VALUE, '')
    .split(/[?&;#/\s,{}]/);
  return pieces.flatMap((piece) => (/[=:]/.test(piece) ? piece.split(/[=:]/).slice(0, -1) : []));
}

/**
 * Removes matrix parameters from a path that Matomo would read as a site search (`/find;q=shoes`). After the first `;`, Matomo reads the
 * rest of the path as a query, so `&` is a separator there too.
 */
export function removeSearchFromPath(path: string): string {
  const text = asMatomoReads(path);
  const start = text.indexOf(';');
  if (start < 0) return text;
  const rest = text
    .slice(start)
    .replace(/[;&][^/]*/g, (parts) => filterParts(parts, removeSearch, false));
  return text.slice(0, start) + rest;
}

function removeSearch(pair: string): string | undefined {
  return isSearchParameter(pairNameOf(pair)) ? undefined : pair;
}

function isSearchParameter(name: string): boolean {
  return SEARCH_PARAMETER.test(name.toLowerCase());
}

/** Whether a query is of Engine.IO's transport by polling, as socket.io uses it: then the rest of a path depends on a setting. */
export function isPolling(query = ''): boolean {
  return query.includes('transport=polling') && /(?:^|&)EIO=/.test(query);
}

/** Whether such a request continues a session. The first one, the handshake, has no session ID. */
export function isPollingSession(query = ''): boolean {
  return isPolling(query) && /(?:^|&)sid=/.test(query);
}

/** The query without the time that keeps caches from answering: it differs in every request. */
export function withoutTimestamp(query: string): string {
  return query.replace(/^t=[^&]*&|&t=[^&]*/, '');
}

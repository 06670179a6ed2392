import { memoize } from '../../common/generation-cache.js';
import {
  asMatomoReads,
  decodeText,
  encodedName,
  type FilterPair,
  filterMatrix,
  filterPairs,
  filterSegments,
  MAX_PAIRS_LENGTH,
  pairNameOf,
} from './url-pairs.js';

/** Matomo reads these as the keyword of a site search, in upper or lower case: such a hit loses its URL, title and timing. */
const SEARCH_PARAMETERS = new Set([
  'q',
  'query',
  's',
  'search',
  'searchword',
  'k',
  'keyword',
  'keywords',
]);

/**
 * Words that mark a parameter as secret or personal: credentials of OAuth 2 and OpenID Connect, API keys, signed URLs, sessions,
 * cards, links that log in, and the parameters that the semantic conventions for `url.query` redact. In English and German, without
 * accents; passwords also in other languages.
 */
const SECRET_WORDS = new Set([
  'token',
  'tokens',
  'secret',
  'secrets',
  'password',
  'passwd',
  'passphrase',
  'passcode',
  'pwd',
  'pass',
  'pw',
  'pin',
  'otp',
  'totp',
  'key',
  'keys',
  'apikey',
  'apitoken',
  'authtoken',
  'accesstoken',
  'accesskey',
  'secretkey',
  'privatekey',
  'idtoken',
  'refreshtoken',
  'clientsecret',
  'auth',
  'oauth',
  'authorization',
  'authentication',
  'bearer',
  'credential',
  'credentials',
  'cookie',
  'session',
  'sessionid',
  'sessid',
  'sid',
  'phpsessid',
  'jsessionid',
  'jwt',
  'saml',
  'assertion',
  'ticket',
  'signature',
  'sig',
  'hmac',
  'code',
  'verifier',
  'nonce',
  'csrf',
  'xsrf',
  'email',
  'mail',
  'phone',
  'ssn',
  'iban',
  'creditcard',
  'cardnumber',
  'cvv',
  'cvc',
  'magic',
  'magiclink',
  'invite',
  'invitation',
  'sso',
  'mfa',
  'passwort',
  'kennwort',
  'geheimnis',
  'schluessel',
  'schlussel',
  'zugangscode',
  'sitzung',
  'signatur',
  'einladung',
  'telefon',
  'telefonnummer',
  'handynummer',
  'kreditkarte',
  'kartennummer',
  'motdepasse',
  'mdp',
  'contrasena',
  'senha',
  'wachtwoord',
  'haslo',
]);

/** Endings of names without separators, such as `csrfmiddlewaretoken`, and of up to three words, such as `mot_de_passe`. */
const SECRET_ENDING =
  /(?:token|secret|password|passwd|apikey|credentials?|creditcard|cardnumber|passwort|kennwort|kreditkarte|kartennummer|motdepasse)$/;
const MAX_WORDS_OF_AN_ENDING = 3;

/** Replaces what was removed. */
export const REDACTED = 'redacted';
const E_MAIL = /[^\s/@]@[^\s/@]+\.[a-z]/i;
const JSON_WEB_TOKEN = /(?:^|[^\w-])eyJ[\w-]+\./;
/** Most values. `holdsSecret` finds nothing in them. */
const PLAIN = /^[\w~-]*$/;
const USER_INFO = /[/\\]{2}[^\s/\\?#@]+@/;
/** Credentials as in an Authorization header. `basic training` has none: what follows has no digit and no capital inside. */
const AUTHORIZATION =
  /\b(?:(?:[Bb]earer|BEARER|Basic|BASIC)\s+\S|(?:basic|[Dd]igest|[Nn]egotiate|NTLM|[Tt]oken)\s+\S*?(?:[\d=]|[a-z][A-Z]))/;
/** The port after it is no value. */
const HOST_AND_PORT = /\/\/[\w.-]+:\d{1,5}(?=[/?#]|$)/g;
const SPACE_BEFORE_VALUE = /(?<!\s)\s+(?=[=:])/g;
/** Segments of a path that are redacted like a parameter: `name=value`, `name:value` and `scheme credentials`, also encoded. */
const PAIR_SEGMENT = /[=:]|%(?:25)*(?:20|3a|3d)/i;
/** A path without it has nothing to redact. */
const MATRIX_OR_PAIR = new RegExp(`;|${PAIR_SEGMENT.source}`, 'i');
/** A method of a resource, such as `keys:rotate`. */
const METHOD_SEGMENT = /^[\w.~-]*:[a-z]+$/i;

/** Next.js adds it to the URL of a page if its own code requests the page: a hash of the request's headers. */
const RSC = '_rsc';

const CAMPAIGN = /^(?:(?:utm|mtm|pk|piwik|matomo)_|(?:gclid|fbclid)$)/i;

/** Limit for nested encodings. */
const MAX_LAYERS = 5;

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
  const classifyName = memoize(
    (encoded: string) => {
      const name = pairNameOf(encoded);
      return {
        secrecy: isRedacted ? toSecrecy(encoded) : 'none',
        isRemoved:
          name === RSC ||
          (!siteSearch && isSearchParameter(name)) ||
          (removesCampaigns && CAMPAIGN.test(name)),
        isListed: listed === undefined || listed.has(name),
      };
    },
    ({ secrecy, isRemoved, isListed }) => isListed && !isRemoved && secrecy !== 'name',
  );
  const filter: FilterPair = (pair, isContinued) => {
    const name = encodedName(pair);
    const { isRemoved, isListed, secrecy } = classifyName(name);
    if (isRemoved || !(isListed || isContinued)) return undefined;
    return isRedacted ? redactNamed(pair, name, secrecy) : pair;
  };
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

/** Removes matrix parameters from a path that Matomo would read as a site search. */
export function removeSearchFromPath(path: string): string {
  return filterMatrix(path, (pair) => (isSearchParameter(pairNameOf(pair)) ? undefined : pair));
}

/** Redacts the secrets in the matrix parameters of a path, and in segments such as `token=…`. */
export function redactMatrix(path: string): string {
  if (!MATRIX_OR_PAIR.test(path)) return path;
  return filterSegments(asMatomoReads(path), redactPair, redactSegment);
}

function redactSegment(segment: string): string {
  return PAIR_SEGMENT.test(segment) && !METHOD_SEGMENT.test(segment)
    ? redactPair(segment)
    : segment;
}

/** Redacts values of secret names, and names and values that contain a secret. */
function redactPair(pair: string): string {
  const name = encodedName(pair);
  return redactNamed(pair, name, toSecrecy(name));
}

function redactNamed(pair: string, name: string, secrecy: Secrecy): string {
  if (secrecy === 'name') return REDACTED;
  if (name.length === pair.length) return pair;
  const isSecret = secrecy === 'value' || holdsSecret(pair.slice(name.length + 1));
  return isSecret ? `${name}=${REDACTED}` : pair;
}

/** What is secret of a pair. */
type Secrecy = 'name' | 'value' | 'none';

function toSecrecy(name: string): Secrecy {
  if (holdsSecret(name)) return 'name';
  return isSecretName(decodeText(name)) ? 'value' : 'none';
}

function isSearchParameter(name: string): boolean {
  return SEARCH_PARAMETERS.has(name.toLowerCase());
}

/** Letters that Unicode does not decompose. */
const PLAIN_LETTERS: Readonly<Record<string, string>> = {
  ł: 'l',
  Ł: 'L',
  ø: 'o',
  Ø: 'O',
  đ: 'd',
  Đ: 'D',
  ı: 'i',
  ß: 'ss',
};

/** `access_token`, `X-Api-Key` and `sessionId` are secret because of one of their words; `authors` and `keyring` are not. */
function isSecretName(name: string): boolean {
  const plain = name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[łŁøØđĐıß]/g, (letter) => PLAIN_LETTERS[letter] as string);
  const split = plain
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase();
  const words = `${split} ${plain.toLowerCase()}`.split(/[^a-z]+/);
  return words.some((word, i) => {
    if (SECRET_WORDS.has(word)) return true;
    const start = Math.max(0, i + 1 - MAX_WORDS_OF_AN_ENDING);
    return SECRET_ENDING.test(words.slice(start, i + 1).join(''));
  });
}

/**
 * Whether a name or value is or contains a secret, such as `/login?next=%2Fx%3Ftoken%3D…`. If it is too long for a URL in Matomo, or is
 * encoded more often than anybody needs, it counts as a secret.
 */
function holdsSecret(encoded: string): boolean {
  if (encoded.length > MAX_PAIRS_LENGTH) return true;
  if (PLAIN.test(encoded)) return false;
  let text = encoded;
  for (let layer = 0; /[%+]/.test(text); layer++) {
    const decoded = decodeText(text);
    if (decoded === text) break;
    if (layer === MAX_LAYERS) return true;
    text = decoded;
  }
  return (
    E_MAIL.test(text) ||
    JSON_WEB_TOKEN.test(text) ||
    USER_INFO.test(text) ||
    AUTHORIZATION.test(text) ||
    innerNames(text).some(isSecretName)
  );
}

/** Whether text contains a token or credentials, whatever its name says. */
export function holdsCredentials(text: string): boolean {
  return JSON_WEB_TOKEN.test(text) || AUTHORIZATION.test(text);
}

/** The texts before each `=` and `:`, also in JSON. */
function innerNames(text: string): string[] {
  const pieces = text
    .replace(HOST_AND_PORT, ' ')
    .replace(SPACE_BEFORE_VALUE, '')
    .split(/[?&;#/\s,{}]/);
  return pieces.flatMap((piece) => (/[=:]/.test(piece) ? piece.split(/[=:]/).slice(0, -1) : []));
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

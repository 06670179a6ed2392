import { remember } from './remember.js';

/** What Matomo takes for the keyword of a site search, in any case: such a hit loses its URL, title and timing. */
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
 * Words that make a parameter a secret or personal: credentials of OAuth 2 and OpenID Connect, API keys, signed
 * URLs, sessions, and what the semantic conventions for `url.query` redact.
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
]);

/** Stands in the place of what was taken out. */
export const REDACTED = 'redacted';
const E_MAIL = /[^\s/@]@[^\s/@]+\.[a-z]/i;
const JSON_WEB_TOKEN = /^eyJ[\w-]+\./;

export interface QueryPolicyOptions {
  readonly query: 'keep' | 'redact' | 'strip' | readonly string[];
  /** Whether Matomo may take a page view for a site search. */
  readonly siteSearch: boolean;
}

/** What stays of a query in the tracked URL; `''` where nothing does. */
export function createToTrackedQuery({
  query: policy,
  siteSearch,
}: QueryPolicyOptions): (query: string) => string {
  const keep = typeof policy === 'string' ? undefined : new Set(policy);
  const redactPair = createRedactPair();
  const isKept = remember((encoded: string) => {
    const name = nameOf(encoded);
    return (siteSearch || !isSearchParameter(name)) && (keep === undefined || keep.has(name));
  });
  if (policy === 'strip') return () => '';
  return function toTrackedQuery(query) {
    const kept = query.split('&').filter((pair) => isKept(encodedName(pair)));
    return policy === 'redact' ? kept.map(redactPair).join('&') : kept.join('&');
  };
}

/** Without what is nobody's business: values of secret names, e-mail addresses, JSON Web Tokens. */
function createRedactPair(): (pair: string) => string {
  const toSecrecy = remember((name: string): 'name' | 'value' | 'none' => {
    const decoded = decode(name);
    if (looksSecret(decoded)) return 'name';
    return isSecretName(decoded) ? 'value' : 'none';
  });
  return function redactPair(pair) {
    const name = encodedName(pair);
    if (name.length === pair.length) return looksSecret(decode(pair)) ? REDACTED : pair;
    const secrecy = toSecrecy(name);
    if (secrecy === 'name') return REDACTED;
    const isSecret = secrecy === 'value' || looksSecret(decode(pair.slice(name.length + 1)));
    return isSecret ? `${name}=${REDACTED}` : pair;
  };
}

function encodedName(pair: string): string {
  const equals = pair.indexOf('=');
  return equals < 0 ? pair : pair.slice(0, equals);
}

/** The path without matrix parameters (`/find;q=shoes`) that Matomo would take for a site search. */
export function removeSearchFromPath(path: string): string {
  if (!path.includes(';')) return path;
  return path.replace(/;[^;/]*/g, (pair) => (isSearchParameter(nameOf(pair.slice(1))) ? '' : pair));
}

function isSearchParameter(name: string): boolean {
  return SEARCH_PARAMETERS.has(name.toLowerCase());
}

/** `access_token`, `X-Api-Key` and `sessionId` are secrets by one of their words; `authors` and `keyring` are none. */
function isSecretName(name: string): boolean {
  return name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .some((word) => SECRET_WORDS.has(word));
}

function looksSecret(value: string): boolean {
  return E_MAIL.test(value) || JSON_WEB_TOKEN.test(value);
}

/** The name as PHP reads it: decoded, and without the brackets of an array. */
function nameOf(pair: string): string {
  const name = decode(encodedName(pair));
  const bracket = name.indexOf('[');
  return (bracket > 0 ? name.slice(0, bracket) : name).trim();
}

function decode(text: string): string {
  if (!/[%+]/.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

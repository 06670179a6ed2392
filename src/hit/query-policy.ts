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

const REDACTED = 'redacted';
const E_MAIL = /[^\s/@]@[^\s/@]+\.[a-z]/i;
const JSON_WEB_TOKEN = /^eyJ[\w-]+\./;

/** The query without what is nobody's business: values of secret names, e-mail addresses, JSON Web Tokens. */
export function redactQuery(query: string): string {
  return query
    .split('&')
    .map((pair) => {
      const equals = pair.indexOf('=');
      if (equals < 0) return looksSecret(decode(pair)) ? REDACTED : pair;
      const secret = isSecretName(nameOf(pair)) || looksSecret(decode(pair.slice(equals + 1)));
      return secret ? `${pair.slice(0, equals)}=${REDACTED}` : pair;
    })
    .join('&');
}

/** The query without what Matomo would take for a site search. */
export function removeSearchFromQuery(query: string): string {
  return query
    .split('&')
    .filter((pair) => !isSearchParameter(nameOf(pair)))
    .join('&');
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
  const equals = pair.indexOf('=');
  const name = decode(equals < 0 ? pair : pair.slice(0, equals));
  const bracket = name.indexOf('[');
  return (bracket > 0 ? name.slice(0, bracket) : name).trim();
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

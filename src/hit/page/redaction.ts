import { memoize } from '../../common/generation-cache.js';
import { MAX_PATTERN_INPUT, withoutUserInfo } from '../text.js';
import {
  ANY_VALUE,
  holdsCredentials,
  holdsEmail,
  holdsKey,
  isSecretSegment,
  MIN_TOKEN_LENGTH,
  REDACTED,
  secretFormOf,
} from './secrets.js';
import {
  asMatomoReads,
  decodeLayers,
  decodePath,
  encodedName,
  filterParts,
  MAX_PAIRS_LENGTH,
} from './url-pairs.js';

// What is redacted: in a path, segments that are secrets or follow a secret word, pairs such as `token=…`, and what a pattern of
// `redactPathPatterns` matches; in a query, values of secret names, and what contains a secret or a path with one. `secrets.ts` has the
// words and the kinds of secrets, `sent-urls.ts` says which URLs come here.

/** Most names and values. */
const PLAIN = /^[\w~-]*$/;
/** Proxies and servers join the slashes of a scheme. */
const USER_INFO = /(?:[/\\]{2}|https?:[/\\])[^\s/\\?#@]+@/i;
/** The port after it is no value. */
const HOST_AND_PORT = /:\/\/[\w.-]+:\d{1,5}(?=[/?#]|$)/g;
const SPACE_BEFORE_VALUE = /(?<!\s)\s+(?=[=:])/g;
/** A filter of OData: `phone eq '…'`. */
const EQUALS_OPERATOR = /(?<!\s)\s+eq\s+/gi;
/** What separates pairs in a text, also in JSON and XML. */
const BETWEEN_PAIRS = /[?&;#/\s,{}<]/;
/** The same in the query of a URL, where base64 may have slashes and plus signs. */
const BETWEEN_PARAMETERS = /[?&;#\s]/;
/**
 * The path in a part of a text that is a URL or a path. What follows `//` is a host only after a scheme. `mail/2026` is no path, but may
 * be a campaign.
 */
const PATH_OF_URL = /^(?:[^/]*:\/\/[^/]*|[^/]*(?=\/\/)|[^/]*[^\w/])?(\/.*)/s;

/** Redacts values of secret names, and names and values that contain a secret. */
export function redactPair(pair: string): string {
  const name = encodedName(pair);
  const form = formOf(name);
  if (form === undefined) return REDACTED;
  if (name.length === pair.length) return pair;
  const value = pair.slice(name.length + 1);
  // Too many layers of encoding are left to `holdsSecret`.
  const text = decodeLayers(value.slice(0, MAX_PAIRS_LENGTH)) ?? '';
  return form(text) || holdsSecret(value) ? `${name}=${REDACTED}` : pair;
}

/**
 * Which values of a name are secret; `undefined` if it contains a secret itself. What may be a value is not remembered: in a path, that can
 * be a token with an `=` at its end.
 */
const formOf = /* @__PURE__ */ memoize(
  (name: string) => (holdsSecret(name) ? undefined : secretFormOf(decodeLayers(name) as string)),
  (_, name) => !isValue(decodeLayers(name) as string),
);

/**
 * Whether a name or value is or contains a secret, such as `/login?next=%2Fx%3Ftoken%3D…`. If it is too long for a URL in Matomo, or is
 * encoded more often than anybody needs, it counts as a secret.
 */
export function holdsSecret(encoded: string): boolean {
  if (encoded.length > MAX_PAIRS_LENGTH) return true;
  if (PLAIN.test(encoded)) return holdsKey(encoded);
  const decoded = decodeLayers(encoded);
  if (decoded === undefined) return true;
  const text = decoded.replaceAll('+', ' ');
  if (holdsCredentials(text) || innerPairs(text).some(isSecretPair)) return true;
  if (decoded.split(BETWEEN_PARAMETERS).some(isSecretParameter)) return true;
  if (decoded.includes('@') && (holdsEmail(decoded) || holdsUserInfo(encoded))) return true;
  // In a path, `+` is no space: a telephone number begins with it.
  return decoded.split(/[?#]/).some(holdsSecretPath);
}

/** Looks at each layer of what is not encoded too often: a password may have a slash that is encoded once more. */
function holdsUserInfo(encoded: string): boolean {
  if (USER_INFO.test(encoded)) return true;
  const text = decodePath(encoded);
  return text !== encoded && holdsUserInfo(text);
}

/** The parts of a decoded text that may be a name and a value. */
function innerPairs(text: string): string[] {
  return text
    .replace(HOST_AND_PORT, ' ')
    .replace(EQUALS_OPERATOR, '=')
    .replace(SPACE_BEFORE_VALUE, '')
    .split(BETWEEN_PAIRS);
}

/** Each text before a `=` or `:`, or the `>` of an element, may be a name. */
function isSecretPair(piece: string): boolean {
  const names = piece.split(/[=:>]/).slice(0, -1);
  const forms = names.map(secretFormOf);
  const value = piece.slice((names[0] ?? '').length + 1);
  return forms.includes(ANY_VALUE) || (forms[0]?.(value) ?? false);
}

function isSecretParameter(piece: string): boolean {
  const [, name, value] = /^([^/=+]+)=(.*[+/].*)/.exec(piece) ?? [];
  return name !== undefined && secretFormOf(name)(value as string);
}

/** A query and the fragment of a hash router may have paths, too. */
function holdsSecretPath(part: string): boolean {
  const path = PATH_OF_URL.exec(part)?.[1] ?? '';
  return redactSecrets(path, true) !== path;
}

/** Whether a segment is a secret after a secret word. */
function isValue(segment: string): boolean {
  return segment.length >= MIN_TOKEN_LENGTH || /\d/.test(segment);
}

/**
 * Neither a word nor a value after one: a version, also of a protocol, a way to log in, or nothing but punctuation. Without a `v`, a
 * version has fewer digits than telephone numbers, codes and addresses.
 */
const VERSION =
  /^(?:v\d{1,3}(?:\.\d+)*(?:(?:alpha|beta)\d*)?|(?:oauth|saml)-?[12](?:\.\d)?|2fa|u2f|fido2|web3|auth0|\d(?:\.\d{1,2}){1,2}|[ -/:-@[-`{-~]*)$/i;

function isVersion(segment: string): boolean {
  return VERSION.test(decodeLayers(segment) ?? '');
}

/** Whether values after a segment are secret. They are after one that contains a secret, such as `keys:rotate`. */
function isSecretWord(segment: string): boolean {
  const form = formOf(segment);
  return (form === undefined || form === ANY_VALUE) && !isVersion(segment);
}

/** Decoded segments of a path that are redacted like a parameter: `name=value`, `name:value` and `scheme credentials`. */
const PAIR_SEGMENT = /[=:\s]/;
/** A method of a resource, such as `keys:rotate`, or the title of a page in a wiki, such as `Magic:_The_Gathering`. */
const METHOD_SEGMENT = /^[\w.~-]*:(?:[a-z]+|(?:_[a-z]+)+)$/i;
/** User info, if a host may be there. */
const USER_INFO_SEGMENT = /.(?:@|%(?:25)*40)/s;
/** What precedes the host of a URL in a path. */
const BEFORE_HOST = /(?:[/\\]{2}|https?:[/\\])$/i;
/** Some servers read a backslash as a slash, and so do URLs of browsers. */
const ANY_SLASH = /[/\\]/;

/** What is sent of a segment without its matrix parameters. Unless it is decoded, it may be a pair. */
function redactHead(head: string, isAfterSecretWord: boolean, isDecoded: boolean): string {
  const text = decodeLayers(head);
  const isPair = text === undefined || (PAIR_SEGMENT.test(text) && !METHOD_SEGMENT.test(head));
  const redacted = isPair && !isDecoded ? redactPair(head) : head;
  if (redacted !== head) return redacted;
  if (text === undefined) return REDACTED;
  const isSecret = isAfterSecretWord && isValue(text) && !isVersion(text);
  if (isSecret || isSecretSegment(text)) return REDACTED;
  return ANY_SLASH.test(text) && redactSecrets(text, true) !== text ? REDACTED : head;
}

/**
 * Redacts the segments of a path that are secrets or follow a secret word, and matrix parameters and segments such as `token=…`. After a
 * secret word, all segments that may be values are secrets, until a word follows: `/webhooks/<id>/<secret>/messages`. After 1,024
 * characters, which is all that Matomo stores, a path ends before the next segment that may be a value. To redact the result again
 * changes nothing. A path that is decoded text has neither pairs nor matrix parameters.
 */
export function redactSecrets(path: string, isDecoded = false): string {
  let sent = '';
  let copied = 0;
  let wordStart = 0;
  let wordEnd = 0;
  // Known once for each word: any number of values may follow a long one.
  let isWordSecret: boolean | undefined;
  for (let start = 0, end = 0; start < path.length; start = end + 1) {
    let kinds = 0;
    for (end = start; end < path.length; end++) {
      const kind = KINDS[path.charCodeAt(end)] ?? SPECIAL;
      if (kind === SLASH) break;
      kinds |= kind;
    }
    if (kinds === 0) continue; // `/token/./…` is `/token/…`
    const mayBeValue = (kinds & DIGIT) > 0 || end - start >= MIN_TOKEN_LENGTH;
    const isSuspect = mayBeSecret(path, start, end, kinds);
    if (mayBeValue || isSuspect) {
      if (sent.length + start - copied > MAX_PAIRS_LENGTH) return sent + path.slice(copied, start);
      isWordSecret ??= isSecretWord(path.slice(wordStart, wordEnd));
    }
    if (!isSuspect && !(mayBeValue && isWordSecret)) {
      wordStart = start;
      wordEnd = end;
      isWordSecret = undefined;
      continue;
    }
    const segment = path.slice(start, end);
    const head = isDecoded ? segment : segment.slice(0, segment.search(/[;&]|$/));
    const sentHead = isUserInfo(path, start, head)
      ? REDACTED
      : redactHead(head, isWordSecret === true, isDecoded);
    const parameters = asMatomoReads(segment.slice(head.length));
    const sentParameters = filterParts(parameters, redactPair, sentHead !== head);
    sent += path.slice(copied, start) + sentHead + sentParameters;
    copied = end;
    if (!sentHead.includes(REDACTED) && !isVersion(head)) {
      wordStart = start;
      wordEnd = start + head.length;
      isWordSecret = undefined;
    }
  }
  return sent + path.slice(copied);
}

const DIGIT = 1;
const CAPITAL = 2;
const SMALL = 4;
const SPECIAL = 8;
const SLASH = 16;

/** Kinds of ASCII characters by their code; 0 for what makes no word. All others are special. */
const KINDS = /* @__PURE__ */ Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/\d/.test(character)) return DIGIT;
  if (/[A-Z]/.test(character)) return CAPITAL;
  if (/[a-z]/.test(character)) return SMALL;
  // Of pairs, escapes, email addresses and telephone numbers.
  if (/[%;&=:@+]/.test(character)) return SPECIAL;
  return ANY_SLASH.test(character) ? SLASH : 0;
});

/** What each long segment has that is a secret, unless it is a key. */
const LONG_SECRET = /^(?=.*[A-Z]).*\d|^private-|^.{6}-/s;

/**
 * Whether a segment may be or contain a secret by itself. Most paths have none: of these, nothing is copied, and no expression looks at
 * them.
 */
function mayBeSecret(path: string, start: number, end: number, kinds: number): boolean {
  if ((kinds & SPECIAL) > 0) return true;
  const isLong = end - start >= MIN_TOKEN_LENGTH;
  if (!isLong && (kinds & CAPITAL) === 0) return false;
  const segment = path.slice(start, end);
  return holdsKey(segment) || (isLong && LONG_SECRET.test(segment));
}

/** Whether a segment has user info, as in `/fetch/https://user:password@host/`. */
function isUserInfo(path: string, start: number, segment: string): boolean {
  if (!USER_INFO_SEGMENT.test(segment)) return false;
  return BEFORE_HOST.test(path.slice(Math.max(0, start - 'https:/'.length), start));
}

/** A parameter of a route, in the syntax of any framework. */
const PARAMETER = /^(?::\w|[*{<[(])/;
/** A parameter without its name. */
const ANY = '*';
/** The application has written them, however long they are. */
const WORDS = /^[a-z_-]+$/;

/**
 * Redacts the secrets of a route or of a name that contains one, as senders of spans write them. A parameter is neither a secret nor a
 * secret word.
 */
export function redactRoute(route: string): string {
  const own = withoutUserInfo(route);
  const segments = own.split('/');
  const plain = segments.map((segment) => (PARAMETER.test(segment) ? ANY : segment));
  return redactSecrets(plain.join('/'))
    .split('/')
    .map((sent, i) => (sent === ANY || WORDS.test(segments[i] ?? '') ? segments[i] : sent))
    .join('/');
}

/**
 * Redacts a path: secrets unless these are kept, and what matches a pattern. If there are patterns, a longer path is cut after a whole
 * segment, because the rest was not tested.
 */
export function createRedactPath(
  patterns: readonly RegExp[],
  keepsSecrets = false,
): (path: string) => string {
  const redact = (path: string) => (keepsSecrets ? path : redactSecrets(path));
  if (patterns.length === 0) return redact;
  const everywhere = patterns.map(
    ({ source, flags }) => new RegExp(source, `${flags.replace('g', '')}g`),
  );
  return function redactPath(path) {
    const redacted = everywhere.reduce(
      (text, pattern) => text.slice(0, MAX_PATTERN_INPUT).replace(pattern, REDACTED),
      redactEncoded(cutAtSegment(redact(path)), everywhere),
    );
    return redacted.startsWith('/') ? redacted : `/${redacted}`;
  };
}

/**
 * Redacts the segments with escapes in which a pattern matches decoded text: which part of their encoded text that is, is not known.
 * Then the same for whole paths, in which a slash stays one. Paths without escapes are left to the patterns themselves.
 */
function redactEncoded(path: string, patterns: readonly RegExp[]): string {
  if (!path.includes('%')) return path;
  const segments = path.split('/').map((segment) => {
    const decoded = decodePath(segment);
    return decoded !== segment && patterns.some((pattern) => decoded.search(pattern) >= 0)
      ? REDACTED
      : segment;
  });
  const decoded = segments.map((segment) => decodePath(segment.replace(/%(?=2f)/gi, '%25')));
  const redacted = patterns
    .reduce((text, pattern) => text.replace(pattern, redactMatch), decoded.join('/'))
    .split('/');
  return segments
    .map((segment, i) => {
      if (redacted[i] === decoded[i]) return segment;
      return segment === decoded[i] ? redacted[i] : REDACTED;
    })
    .join('/');
}

function redactMatch(match: string): string {
  return match.replace(/[^/]+/g, REDACTED);
}

/** Cuts a path that is longer than patterns test, after a whole segment. */
export function cutAtSegment(path: string): string {
  if (path.length <= MAX_PATTERN_INPUT) return path;
  return path.slice(0, path.lastIndexOf('/', MAX_PATTERN_INPUT) + 1);
}

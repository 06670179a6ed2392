import { MAX_PATTERN_INPUT } from '../text.js';
import { isToken, redactSegments } from './redact-path.js';
import { redactPair } from './redact-query.js';
import { holdsEmail, REDACTED } from './secrets.js';
import { decodePath } from './url-pairs.js';

/** Redacts the secrets of a path as it was sent. */
export function redactSecrets(path: string): string {
  return redactSegments(path, redactPair);
}

/**
 * Redacts a path: secrets unless these are kept, and what matches a pattern. If there are patterns, a longer path is cut after a whole
 * segment, because the rest was not tested.
 */
export function createRedactPath(
  patterns: readonly RegExp[],
  keepsSecrets = false,
): (path: string) => string {
  const redact = keepsSecrets ? (path: string) => path : redactSecrets;
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
function cutAtSegment(path: string): string {
  if (path.length <= MAX_PATTERN_INPUT) return path;
  return path.slice(0, path.lastIndexOf('/', MAX_PATTERN_INPUT) + 1);
}

/** Every rule needs a digit or an `@`. Most paths and segments have neither. */
const VALUE = /[\d@]|%40/g;

const ID = /^(?:\d+|(?=\D*\d)[\da-f]{8,}|[0-7][\da-hjkmnp-tv-z]{25})$/i;
const UUID = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i;
const UNSAFE_IN_A_TITLE = /[\p{Cc}\p{Bidi_Control}]/u;

/**
 * Replaces IDs, UUIDs, email addresses and tokens in a path by `:id`, `:uuid`, `:email` and `:token`, so that one page has one title. A
 * path of more than 2,048 characters is cut after a whole segment.
 */
export function toTitlePath(path: string): string {
  const seen = cutAtSegment(path);
  let template = '';
  let copied = 0;
  VALUE.lastIndex = 0;
  // `replace` with a function takes 1.3 to 2.5 times as long.
  while (VALUE.test(seen)) {
    const start = seen.lastIndexOf('/', VALUE.lastIndex - 1) + 1;
    const end = endOfSegment(seen, VALUE.lastIndex);
    const segment = seen.slice(start, end);
    const shown = templateOf(segment);
    VALUE.lastIndex = end;
    if (shown === segment) continue;
    template += seen.slice(copied, start) + shown;
    copied = end;
  }
  return copied === 0 ? seen : template + seen.slice(copied);
}

function endOfSegment(path: string, start: number): number {
  const slash = path.indexOf('/', start);
  return slash < 0 ? path.length : slash;
}

function templateOf(sent: string): string {
  const segment = decodePath(sent);
  if (ID.test(segment)) return ':id';
  if (UUID.test(segment)) return ':uuid';
  if (holdsEmail(segment.replaceAll('%40', '@'))) return ':email';
  return isToken(segment) ? ':token' : sent;
}

/**
 * A path or route as a title shows it: percent-decoded if that is UTF-8 without control or bidirectional characters. `%2F` stays,
 * because it does not separate segments.
 */
export function decodeTitle(text: string): string {
  if (!text.includes('%')) return text;
  try {
    const decoded = decodeURIComponent(text.replace(/%(?=2f)/gi, '%25'));
    return UNSAFE_IN_A_TITLE.test(decoded) ? text : decoded;
  } catch {
    return text;
  }
}

const ENDING = '.data';

/** Whether a path is one with which React Router and Remix request the data of a page. */
export function mayBePageData(path: string): boolean {
  return path.endsWith(ENDING);
}

/** Whether React Router or Remix has sent such a request, or answered it. */
export function isPageData(
  query: string | undefined,
  accept: string | undefined,
  contentType: string | undefined,
): boolean {
  if (query !== undefined && /(?:^|&)_routes=/.test(query)) return true;
  return [accept, contentType].some((types) => types?.includes('text/x-script'));
}

/** The path of the page: `/posts/hello` for `/posts/hello.data`. The ending may have been redacted. */
export function toPagePath(path: string): string {
  if (!mayBePageData(path)) return path;
  return path === '/_root.data' ? '/' : path.slice(0, -ENDING.length);
}

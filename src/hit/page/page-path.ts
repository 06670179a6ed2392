import { MAX_PATTERN_INPUT } from '../text.js';
import { REDACTED, redactMatrix } from './query-policy.js';
import { decodePath } from './url-pairs.js';

/**
 * Redacts a path: secrets in matrix parameters unless these are kept, and what matches a pattern. If there are patterns, a longer path
 * is cut after a whole segment, because the rest was not tested.
 */
export function createRedactPath(
  patterns: readonly RegExp[],
  keepsMatrix = false,
): (path: string) => string {
  const redactPairs = keepsMatrix ? (path: string) => path : redactMatrix;
  if (patterns.length === 0) return redactPairs;
  const everywhere = patterns.map(
    ({ source, flags }) => new RegExp(source, `${flags.replace('g', '')}g`),
  );
  return function redactPath(path) {
    const redacted = everywhere.reduce(
      (text, pattern) => text.slice(0, MAX_PATTERN_INPUT).replace(pattern, REDACTED),
      redactEncoded(cutAtSegment(redactPairs(path)), everywhere),
    );
    return redacted.startsWith('/') ? redacted : `/${redacted}`;
  };
}

/**
 * Redacts the segments in which a pattern matches decoded text: which part of their encoded text that is, is not known. Segments
 * without escapes are left to the patterns themselves.
 */
function redactEncoded(path: string, patterns: readonly RegExp[]): string {
  if (!path.includes('%')) return path;
  const segments = path.split('/');
  const decoded = segments.map(decodePath);
  const ends: number[] = [];
  for (const text of decoded) ends.push((ends.at(-1) ?? -1) + 1 + text.length);
  const startOf = (i: number) => (ends[i - 1] ?? -1) + 1;
  const redacted = new Set<number>();
  for (const pattern of patterns) {
    let first = 0;
    for (const { index, 0: match } of decoded.join('/').matchAll(pattern)) {
      while (first < segments.length && (ends[first] as number) <= index) first += 1;
      const touched: number[] = [];
      for (let i = first; i < segments.length && startOf(i) < index + match.length; i++)
        touched.push(i);
      if (match !== '' && touched.some((i) => segments[i]?.includes('%')))
        for (const i of touched) redacted.add(i);
    }
  }
  return segments.map((segment, i) => (redacted.has(i) ? REDACTED : segment)).join('/');
}

/** Cuts a path that is longer than patterns test, after a whole segment. */
function cutAtSegment(path: string): string {
  if (path.length <= MAX_PATTERN_INPUT) return path;
  return path.slice(0, path.lastIndexOf('/', MAX_PATTERN_INPUT) + 1);
}

/** Every rule needs a digit or an `@`. Most paths have neither. */
const MAY_HOLD_VALUES = /[\d@]|%40/;

const ID = /^(?:\d+|(?=\D*\d)[\da-f]{8,}|[0-7][\da-hjkmnp-tv-z]{25})$/i;
const UUID = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i;
const TOKEN = /^[\w-]{20,}$/;
const EMAIL_DOMAIN = /^(?:[^.\s]+\.)+(?:\p{L}+|xn--[\w-]+)\.?$/iu;
const UNSAFE_IN_A_TITLE = /[\p{Cc}\p{Bidi_Control}]/u;

/**
 * Replaces IDs, UUIDs, email addresses and tokens in a path by `:id`, `:uuid`, `:email` and `:token`, so that one page has one title. A
 * path of more than 2,048 characters is cut after a whole segment.
 */
export function toTitlePath(path: string): string {
  const seen = cutAtSegment(path);
  return MAY_HOLD_VALUES.test(seen) ? seen.replace(/[^/]+/g, templateOf) : seen;
}

function templateOf(sent: string): string {
  const segment = decodePath(sent);
  if (isEmail(segment)) return ':email';
  if (ID.test(segment)) return ':id';
  if (UUID.test(segment)) return ':uuid';
  return isToken(segment) ? ':token' : sent;
}

/** Text before an `@` that may be encoded twice, and a domain of two labels or more. Matrix parameters may follow. */
function isEmail(segment: string): boolean {
  if (!segment.includes('@') && !segment.includes('%40')) return false;
  const [text = ''] = segment.replaceAll('%40', '@').split(';', 1);
  const at = text.lastIndexOf('@');
  return at > 0 && EMAIL_DOMAIN.test(text.slice(at + 1));
}

/** Words joined by hyphens are not a token, whatever their case. */
function isToken(segment: string): boolean {
  if (!TOKEN.test(segment)) return false;
  const isMixed = /\d/.test(segment) && /[A-Z]/.test(segment) && /[a-z]/.test(segment);
  return isMixed && segment.indexOf('-') === segment.lastIndexOf('-');
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

/** The path of the page: `/posts/hello` for `/posts/hello.data`. */
export function toPagePath(path: string): string {
  return path === '/_root.data' ? '/' : path.slice(0, -ENDING.length);
}

import { MAX_PATTERN_INPUT, withoutUserInfo } from '../text.js';
import { redactPair } from './redact-query.js';
import { redactSegments } from './secret-segments.js';
import { REDACTED } from './secrets.js';
import { decodePath } from './url-pairs.js';

// What is redacted in a path: segments that are secrets or follow a secret word (`secret-segments.ts`; the words are in `secrets.ts`), pairs
// such as `token=…` (as in queries: `redact-query.ts`), and what a pattern of `redactPathPatterns` matches. `sent-urls.ts` says which URLs
// come here.

/** Redacts the secrets of a path as it was sent. */
export function redactSecrets(path: string): string {
  return redactSegments(path, redactPair);
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
  if (redactSecrets(own) === own) return own;
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
export function cutAtSegment(path: string): string {
  if (path.length <= MAX_PATTERN_INPUT) return path;
  return path.slice(0, path.lastIndexOf('/', MAX_PATTERN_INPUT) + 1);
}

import { MAX_PATTERN_INPUT } from '../request-patterns.js';
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
export function cutAtSegment(path: string): string {
  if (path.length <= MAX_PATTERN_INPUT) return path;
  return path.slice(0, path.lastIndexOf('/', MAX_PATTERN_INPUT) + 1);
}

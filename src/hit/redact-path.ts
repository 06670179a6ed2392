import { REDACTED, redactMatrix } from './query-policy.js';
import { MAX_PATTERN_INPUT } from './request-patterns.js';

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
      cutAtSegment(redactPairs(path)),
    );
    return redacted.startsWith('/') ? redacted : `/${redacted}`;
  };
}

/** Cuts a path that is longer than patterns test, after a whole segment. */
export function cutAtSegment(path: string): string {
  if (path.length <= MAX_PATTERN_INPUT) return path;
  return path.slice(0, path.lastIndexOf('/', MAX_PATTERN_INPUT) + 1);
}

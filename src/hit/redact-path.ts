import { REDACTED } from './query-policy.js';

/** Replaces what matches in a path; a path stays one. */
export function createRedactPath(patterns: readonly RegExp[]): (path: string) => string {
  if (patterns.length === 0) return (path) => path;
  const everywhere = patterns.map(
    ({ source, flags }) => new RegExp(source, `${flags.replace('g', '')}g`),
  );
  return function redactPath(path) {
    const redacted = everywhere.reduce((text, pattern) => text.replace(pattern, REDACTED), path);
    return redacted.startsWith('/') ? redacted : `/${redacted}`;
  };
}

import type { RouteSegment, RouteTemplate } from './route-template.js';

/** More of them take long to compare. */
const MAX_UNCERTAIN = 20;

/** Whether a route can have matched a path. */
export function matchesPath(
  { segments, uncertain }: RouteTemplate,
  path: readonly string[],
): boolean {
  if (uncertain === 0) {
    if (segments.length !== path.length) return false;
    return segments.every((segment, i) => matchesText(segment, path[i] as string));
  }
  if (uncertain > MAX_UNCERTAIN) return false;
  // How many segments of the route can have matched what is before a segment of the path.
  let counts = new Set([0]);
  skipOptional(segments, counts);
  for (const text of path) {
    const next = new Set<number>();
    for (const count of counts) {
      const previous = segments[count - 1];
      if (previous?.isWildcard) next.add(count);
      const segment = segments[count];
      if (segment && matchesText(segment, text)) next.add(count + 1);
    }
    skipOptional(segments, next);
    counts = next;
  }
  return counts.has(segments.length);
}

/** A set is iterated with what is added meanwhile. */
function skipOptional(segments: readonly RouteSegment[], counts: Set<number>): void {
  for (const count of counts) {
    const segment = segments[count];
    const isOptional = segment?.isOptional || (segment?.isWildcard && segment.parts.length === 0);
    if (isOptional) counts.add(count + 1);
  }
}

function matchesText(segment: RouteSegment, text: string): boolean {
  const { parts } = segment;
  const [first = ''] = parts;
  // Java puts a session ID after a semicolon.
  if (!segment.hasParameter && !segment.isLoose)
    return first === text || first === text.split(';', 1)[0];
  if (segment.begins && !text.startsWith(first)) return false;
  if (segment.isLoose || segment.isWildcard) return true;
  if (segment.ends && !text.endsWith(parts.at(-1) as string)) return false;
  let at = 0;
  for (const part of parts) {
    at = text.indexOf(part, at);
    if (at < 0) return false;
    at += part.length;
  }
  return true;
}

/**
 * An expression for most paths that a route of text and whole parameters matches; `undefined` for other routes. It is faster than comparing
 * segments, which decides if it does not match.
 */
export function toPathPattern({ segments, uncertain }: RouteTemplate): RegExp | undefined {
  const isPlain = segments.every(
    ({ parts, hasParameter, isLoose }) => !isLoose && parts.length === (hasParameter ? 0 : 1),
  );
  if (uncertain > 0 || !isPlain) return undefined;
  const texts = segments.map(({ parts: [text = ''], hasParameter }) =>
    hasParameter ? '[^/]+' : text.replace(/[^\w-]/g, '\\$&'),
  );
  return new RegExp(`^/${texts.join('/')}/?$`, 'i');
}

/** Longer routes name something. It also bounds the work for routes that other services send. */
const MAX_CATCH_ALL_LENGTH = 100;

/** One segment of a plain route that matches anything, as frameworks of several languages write it. */
const WILDCARD_SEGMENT = /* @__PURE__ */ new RegExp(
  `^(?:${[
    '\\*',
    '\\(\\.[*+]\\)[*+?]?', // (.*)
    '\\.[*+]', // .*
    '\\[{1,2}\\.{3}[\\w-]+(?:=[\\w-]+)?\\]{1,2}', // [...path]  [[...path]]  [...path=matcher]
    '<path:[\\w-]+>',
  ].join('|')})$`,
);

/** `(shop)`: a folder of routes that is no part of their paths. */
const GROUP = /\/\([\w-]+\)(?=\/)/g;

/** Whether a plain route consists of wildcards only, as that of an application that answers everything in one place. */
export function isCatchAllRoute(route: string): boolean {
  if (route.length > MAX_CATCH_ALL_LENGTH) return false;
  const segments = withoutAnchors(withoutGroups(route))
    .split('/')
    .filter((segment) => segment !== '');
  return segments.length > 0 && segments.every((segment) => isWildcard(segment));
}

/** Whether a plain route has a segment that matches anything, and so many paths. */
export function hasWildcard(route: string): boolean {
  return route.split('/').some((segment) => segment.includes('*') || isWildcard(segment));
}

/** Whether a plain route matches whatever begins like it, such as `/files/*`. */
export function endsInWildcard(route: string): boolean {
  return isWildcard(withoutAnchors(route.slice(route.lastIndexOf('/') + 1)));
}

function isWildcard(segment: string): boolean {
  return segment === '$' || WILDCARD_SEGMENT.test(segment);
}

/** Only frameworks that name routes after folders have groups; elsewhere parentheses are parts of an expression. */
function withoutGroups(route: string): string {
  return route.includes('[...') ? route.replace(GROUP, '') : route;
}

/** The source of a regular expression without what says where it begins and ends. */
function withoutAnchors(route: string): string {
  return route.replace(/[\^\\]/g, '').replace(/(?<=[*+)])\$/g, '');
}

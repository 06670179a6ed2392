import { MAX_PATTERN_INPUT } from '../text.js';

const SYNTAX = /[(*?+{]/;

/** A pattern of a parameter: parentheses with at most one pair inside. */
const PATTERN = String.raw`\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\)`;

/** What has syntax in routes of path-to-regexp, find-my-way, and of frameworks with braces. Other braces are those of optional parts. */
const PARTS = /* @__PURE__ */ new RegExp(
  [
    String.raw`:(?<name>\w+)(?<pattern>${PATTERN})?(?<modifier>[?*+])?(?=(?<next>\w)?)`, // :id  :id(\d+)  :path*  :path(.*)
    String.raw`\{\*{1,2}[\w-]*\}|\{[\w-]+(?:\*\d*|\+|:path|\.{3})\}`, // {*splat}  {path*}  {proxy+}  {path:path}  {path...}
    String.raw`\{(?<braced>[\w-]+)(?:\?|[:=](?:[^{}]|\{[^{}]*\})*)?\}`, // {id}  {id?}  {id:\d{2}}
    String.raw`(?<![^/{])\*{1,2}:?[\w-]*`, // *  **  *splat  **:slug
    '[{}]', // {/:size}
  ].join('|'),
  'g',
);
const ANYTHING = /^\(\.?[*+]\)$/;

/**
 * A route without its syntax: `/:repo(^[a-z-]+$)` is `/:repo`, `/*splat` is `/*`, `{/:size}` is `/:size`. A parameter that text follows is
 * in braces: `/:hour(\d+)h` is `/{hour}h`. An empty route is `/`.
 */
export function plainRoute(route: string): string {
  if (route === '') return '/';
  if (!SYNTAX.test(route) || route.length > MAX_PATTERN_INPUT) return route;
  return route.replace(PARTS, (part, ...rest) => {
    const {
      name,
      pattern = '',
      modifier,
      next,
      braced,
    } = rest.at(-1) as Partial<Record<string, string>>;
    if (braced !== undefined) return `{${braced}}`;
    if (name === undefined) return part === '{' || part === '}' ? '' : '*';
    const isWildcard = modifier === '*' || modifier === '+' || ANYTHING.test(pattern);
    if (isWildcard) return '*';
    return next === undefined ? `:${name}` : `{${name}}`;
  });
}

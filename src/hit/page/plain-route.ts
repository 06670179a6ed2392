import { MAX_PATTERN_INPUT } from '../text.js';

const SYNTAX = /[(*?+{]/;

/** A pattern of a parameter: parentheses with at most one pair inside. */
const PATTERN = String.raw`\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\)`;

/** What has syntax in routes of path-to-regexp, find-my-way, and of frameworks with braces. Other braces are those of optional parts. */
const PARTS = new RegExp(
  [
    String.raw`:(?<name>\w+)(?<pattern>${PATTERN})?(?<modifier>[?*+])?`, // :id  :id(\d+)  :path*  :path(.*)
    String.raw`\{\*{1,2}[\w-]*\}|\{[\w-]+(?:\*\d*|\+|:path|\.{3})\}`, // {*splat}  {path*}  {proxy+}  {path:path}  {path...}
    String.raw`\{(?<braced>[\w-]+)(?:\?|[:=](?:[^{}]|\{[^{}]*\})*)?\}`, // {id}  {id?}  {id:\d{2}}
    String.raw`(?<![^/{])\*{1,2}:?[\w-]*`, // *  **  *splat  **:slug
    '[{}]', // {/:size}
  ].join('|'),
  'g',
);
const ANYTHING = /^\(\.?[*+]\)$/;

/** A route without its syntax: `/:repo(^[a-z-]+$)` is `/:repo`, `/*splat` is `/*`, `{/:size}` is `/:size`. An empty one is `/`. */
export function plainRoute(route: string): string {
  if (route === '') return '/';
  if (!SYNTAX.test(route) || route.length > MAX_PATTERN_INPUT) return route;
  return route.replace(PARTS, (part, ...rest) => {
    const { name, pattern = '', modifier, braced } = rest.at(-1) as Partial<Record<string, string>>;
    if (braced !== undefined) return `{${braced}}`;
    if (name === undefined) return part === '{' || part === '}' ? '' : '*';
    const isWildcard = modifier === '*' || modifier === '+' || ANYTHING.test(pattern);
    return isWildcard ? '*' : `:${name}`;
  });
}

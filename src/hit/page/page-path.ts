import { decodePath } from '../text.js';
import { cutAtSegment, isToken } from './redact.js';

/** Every value to replace has a digit or an `@`, also if it is encoded (`%40`). Most paths have neither. */
const VALUE = /[\d@]/g;

const ID = /^(?:\d+|(?=\D*\d)[\da-f]{8,}|(?:[a-z]{1,20}_)?[0-7][\da-hjkmnp-tv-z]{25})$/i;
/** Matches IDs of cuid, cuid2, xid and others, also behind a prefix, as Stripe and TypeID have it. */
const TEXT_ID = /^(?:[a-z]{1,20}_)?(?=[a-z]*\d)(?=\d*[a-z])[a-z\d]{20,32}$/;
const UUID = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i;
const UNSAFE_IN_A_TITLE = /[\p{Cc}\p{Bidi_Control}]/u;

/**
 * Replaces IDs, UUIDs, email addresses and tokens in a path by `:id`, `:uuid`, `:email` and `:token`, so that one page has one title. The end
 * of a path of more than 2,048 characters becomes `redacted`.
 */
export function toTitlePath(path: string): string {
  const seen = cutAtSegment(path);
  let title = '';
  let copied = 0;
  for (VALUE.lastIndex = 0; VALUE.test(seen); VALUE.lastIndex = copied) {
    const start = seen.lastIndexOf('/', VALUE.lastIndex - 1) + 1;
    const slash = seen.indexOf('/', VALUE.lastIndex);
    const end = slash < 0 ? seen.length : slash;
    const segment = seen.slice(start, end);
    const isKept = isApiVersion(seen, start, end);
    title += seen.slice(copied, start) + (isKept ? segment : templateOf(segment));
    copied = end;
  }
  return title + seen.slice(copied);
}

const API = /(?:^|\/)(?:api|rest)\/$/i;
const VERSION = /^\d{1,2}$/;

/** Whether a segment is the version of an API, as in `/api/1/createPad`. An ID would be the last segment, or have more digits. */
function isApiVersion(path: string, start: number, end: number): boolean {
  if (end - start > 2 || end + 1 >= path.length) return false;
  return (
    VERSION.test(path.slice(start, end)) && API.test(path.slice(Math.max(0, start - 6), start))
  );
}

function templateOf(sent: string): string {
  const segment = decodePath(sent);
  if (ID.test(segment) || TEXT_ID.test(segment)) return ':id';
  if (UUID.test(segment)) return ':uuid';
  if (/[^/]@[^/@]+\.\p{L}/u.test(segment.replaceAll('%40', '@'))) return ':email';
  return isToken(segment) ? ':token' : sent;
}

/**
 * Decodes a path or route for titles, if the result is UTF-8 without control or bidirectional characters. `%2F` stays encoded,
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

/** Whether a path may be one with which a framework requests the data of a page. */
function mayBePageData(path: string): boolean {
  if (path[path.length - '.json'.length] !== '.') return false;
  return path.endsWith('.data') || path.endsWith('.json');
}

/**
 * Whether a request is for the data of a page. Any file can end in `.data`, like
 * paths of React Router and Remix, so their query or the headers decide.
 */
export function isPageData(
  path: string,
  query: string | undefined,
  accept: string | undefined,
  contentType: string | undefined,
): boolean {
  if (!path.endsWith('.data')) return toPagePath(path) !== path;
  if (query !== undefined && /(?:^|&)_routes=/.test(query)) return true;
  return [accept, contentType].some((types) => types?.includes('text/x-script'));
}

/** Patterns of paths with the data of a page, and the text that replaces the match to get the page's path. */
const PAGE_DATA: readonly [path: RegExp, page: string][] = [
  [/\/_\.data$/, '/'], // React Router and Remix
  [/(?:\/_root)?\.data$/, ''],
  [/(?:(?<=\.html)|\/)__data\.json$/, ''], // SvelteKit
  [/\/_payload\.json$/, ''], // Nuxt
  [/\/q-data\.json$/, '/'], // Qwik, whose paths end in a slash, as those of Gatsby
  [/\/_next\/data\/[^/]+\/index\.json$/, ''],
  [/\/_next\/data\/[^/]+(\/.+)\.json$/, '$1'],
  [/^\/page-data\/index\/page-data\.json$/, '/'],
  [/^\/page-data(\/.+\/)page-data\.json$/, '$1'],
];

/** The path of the page: `/posts/hello` for `/posts/hello.data`. Redaction may have removed the ending; then the path is unchanged. */
export function toPagePath(path: string): string {
  if (!mayBePageData(path)) return path; // the expressions take linear time only if they match
  const [ending, page = ''] = PAGE_DATA.find(([each]) => each.test(path)) ?? [];
  return ending === undefined ? path : path.replace(ending, page) || '/';
}

/** Matches scripts, styles, source maps, images, fonts, WebAssembly, web manifests, and the version file that SvelteKit polls. */
const EXTENSION =
  /(?:\.(?:[cm]?js|jsx|tsx|css|map|apng|avif|bmp|gif|ico|jpe?g|png|svg|webp|eot|otf|ttf|woff2?|wasm|webmanifest)|\/_app\/version\.json)$/i;

/** Matches files that crawlers and frameworks request by a fixed name, and folders with only the files of a build. */
const PLACE =
  /^\/+(?:(?:robots\.txt|sitemap\.xml|manifest\.json|ngsw\.json|__manifest|_next\/image|_image|@react-refresh|page-data\/app-data\.json)$|(?:_next\/static|_astro|_nuxt|_app\/immutable|page-data\/sq|@vite|@id|node_modules\/\.vite)\/)/i;

/**
 * Whether a path looks like that of a static file. Audio, video and documents
 * are not static files, because people request them as content.
 */
export function isStaticFile(path: string): boolean {
  return (path.includes('.') && EXTENSION.test(path)) || PLACE.test(path);
}

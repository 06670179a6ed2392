const MAX_PRODUCT = 64;
const MAX_VERSION = 20;
/** More than a product and its version. */
const MAX_READ = 200;
const PRODUCT = /^\s*([\w!#$%&'*+.^`|~-]+)(?:\/([\w!#$%&'*+.^`|~:-]+))?/;
const BROWSER = /^\s*mozilla\//i;

/**
 * The client library that a user agent begins with, such as `python-requests` `2.32.3`; `undefined` for browsers, and for programs that
 * look like one.
 */
export function productOf(
  userAgent: string | undefined,
): { readonly name: string; readonly version: string | undefined } | undefined {
  if (userAgent === undefined || BROWSER.test(userAgent)) return undefined;
  const [, name = '', version] = PRODUCT.exec(userAgent.slice(0, MAX_READ)) ?? [];
  if (!/[a-z]/i.test(name)) return undefined;
  return { name: name.slice(0, MAX_PRODUCT), version: version?.slice(0, MAX_VERSION) };
}

/** Whether the headers of a response say that its endpoint is deprecated, or will end. */
export function saysDeprecated(
  deprecation: string | undefined,
  sunset: string | undefined,
): boolean {
  const isDenied = deprecation === '?0' || deprecation?.toLowerCase() === 'false';
  return (deprecation !== undefined && !isDenied) || sunset !== undefined;
}

const LLMS_TXT = /\/llms(?:-full)?\.txt$/i;
const MARKDOWN_PATH = /\.(?:md|mdx|markdown)$/i;
/** Types that say nothing about the format: many servers do not know more. */
const PLAIN = 'text/plain';
const ANY_FILE = /^(?:application|binary)\/(?:octet-stream|force-download|x-download|download)$/;
const FIRST_ERROR = 400;
const MAX_TYPE_LENGTH = 200;

/** The first that matches counts. */
const FORMATS: readonly (readonly [format: string, type: RegExp])[] = [
  ['html', /^(?:text\/html|application\/xhtml\+xml)$/],
  ['markdown', /^text\/(?:x-)?(?:markdown|mdx)$/],
  ['pdf', /^application\/pdf$/],
  ['event-stream', /^text\/event-stream$/],
  ['json-lines', /^application\/(?:x-)?(?:ndjson|jsonl|jsonlines|json-seq)$/],
  ['json', /^(?:application|text)\/(?:[\w.-]+\+)?json$/],
  ['feed', /^application\/(?:rss|atom)\+xml$/],
  ['image', /^image\//],
  ['audio', /^audio\//],
  ['video', /^video\//],
  ['xml', /^(?:application|text)\/(?:[\w.-]+\+)?xml$/],
  ['csv', /^(?:text|application)\/csv$/],
  ['yaml', /^(?:application|text)\/(?:x-|vnd\.)?yaml$/],
  ['javascript', /^(?:application|text)\/(?:x-)?javascript$/],
  ['css', /^text\/css$/],
  ['protobuf', /^application\/(?:x-|vnd\.google\.)?protobuf$/],
  ['msgpack', /^application\/(?:x-|vnd\.)?msgpack$/],
  ['archive', /^application\/(?:zip|gzip|x-tar|x-7z-compressed|zstd)$/],
  ['text', /^text\/plain$/],
  ['binary', ANY_FILE],
];

/** The format of a response, of a fixed list, by its content type and its path; `undefined` if it has no content type. */
export function contentFormatOf(
  contentType: string | undefined,
  path: string,
  statusCode: number,
): string | undefined {
  const [given = ''] = (contentType ?? '').slice(0, MAX_TYPE_LENGTH).split(';', 1);
  const type = given.trim().toLowerCase();
  if (type === '') return undefined;
  const isFile = statusCode < FIRST_ERROR;
  if (isFile && type.startsWith('text/') && type !== 'text/html' && LLMS_TXT.test(path)) {
    return 'llms.txt';
  }
  const isVague = type === PLAIN || ANY_FILE.test(type);
  if (isFile && isVague && MARKDOWN_PATH.test(path)) return 'markdown';
  return FORMATS.find(([, pattern]) => pattern.test(type))?.[0] ?? 'other';
}

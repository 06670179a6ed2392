// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f]+/g;
const LONE_SURROGATES = /\p{Surrogate}/gu;
const CLEAN_ASCII = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
const HTML_SPECIAL = /[&<>"']/;
// Slash, colon, question mark and equals sign need no encoding in the value of a query string.
const NOTHING_TO_ESCAPE = /^[\w.~/:?=-]*$/;
const PLAIN_PAIRS = /^[\w.~/:?=&-]*$/;
/** Characters that `encodeURI` keeps but a value in a query string must not contain. */
const ENCODED_IN_A_VALUE = /[;@&+$,#]/g;

/** Trims a text. Replaces lone surrogates, which make a bulk fail, and control characters, which end the value in its column. */
export function cleanText(text: string): string {
  if (CLEAN_ASCII.test(text)) return text;
  return text.replace(LONE_SURROGATES, '\ufffd').replace(CONTROL_CHARACTERS, ' ').trim();
}

const FOUR_BYTES = /[\u{10000}-\u{10ffff}]/gu;

/** Removes characters that a column in `utf8mb3` cannot hold, such as emojis. */
export function withoutFourBytes(text: string): string {
  return text.replace(FOUR_BYTES, '');
}

/** Whether a text needs no encoding in the value of a query string. */
export function isPlain(text: string): boolean {
  return NOTHING_TO_ESCAPE.test(text);
}

/** Percent-encodes a well-formed value for a query string. Encoding the parts of a text one by one yields the same result. */
export function encodeValue(text: string): string {
  if (isPlain(text)) return text;
  if (PLAIN_PAIRS.test(text)) return text.replaceAll('&', '%26');
  const encoded = encodeURI(text);
  // Most values have none of these characters, so a search comes before the slower replacement.
  if (encoded.search(ENCODED_IN_A_VALUE) < 0) return encoded;
  return encoded.replace(ENCODED_IN_A_VALUE, encodeURIComponent);
}

/** Cuts a text after a character, so that it has at most `maxBytes` bytes after Matomo's HTML escaping. */
export function cutBytes(text: string, maxBytes: number): string {
  return cut(text, maxBytes, 3, Buffer.byteLength); // a UTF-16 unit has at most three bytes in UTF-8
}

/** Cuts a text after a character, so that it has at most `maxCharacters` after Matomo's HTML escaping. */
export function cutCharacters(text: string, maxCharacters: number): string {
  return cut(text, maxCharacters, 1, () => 1);
}

/** Cuts a text. `sizeOf` returns the size of a character that is not escaped, and `maxSize` is the maximum of that size. */
function cut(
  text: string,
  max: number,
  maxSize: number,
  sizeOf: (character: string) => number,
): string {
  // HTML escaping makes a character six bytes long at most.
  const isShort = text.length * 6 <= max;
  if (isShort || (text.length * maxSize <= max && !HTML_SPECIAL.test(text))) return text;
  let size = 0;
  let end = 0;
  for (const character of text) {
    size += ESCAPED[character] ?? sizeOf(character);
    if (size > max) return text.slice(0, end);
    end += character.length;
  }
  return text;
}

/** Lengths of characters after HTML escaping. */
const ESCAPED: Readonly<Record<string, number>> = { '&': 5, '<': 4, '>': 4, '"': 6, "'": 6 };

const USER_INFO = /^((?:[^/\\?#@]*(?::[/\\]+|[/\\]{2,}))?)[^/\\?#]*@/;

/** Removes the user info from a URL, even if the URL has no scheme, unusual slashes, or characters in front of the slashes. */
export function withoutUserInfo(url: string): string {
  return url.includes('@') ? url.replace(USER_INFO, '$1') : url;
}

const HOST_AND_REST = /^((?:[^/\\?#:]*:[/\\]+)?[^/\\?#]*).*/s;

/** The host that a client sent, which may be a URL, without user info, path, query and fragment. */
export function shownHost(host: string): string {
  return withoutUserInfo(decodeLatin1(host)).replace(HOST_AND_REST, '$1');
}

// The regular expressions are constants, because a literal in the function would create an object for each call.
const NOT_ASCII = /[\u0080-\u00ff]/;
const NOT_LATIN1 = /[\u0100-\uffff]/;

/**
 * Decodes a text whose bytes were read as Latin-1: as UTF-8 if the bytes are valid UTF-8, else unchanged. Node.js reads headers as Latin-1,
 * and WSGI reads paths as Latin-1.
 */
export function decodeLatin1(text: string): string {
  if (!NOT_ASCII.test(text) || NOT_LATIN1.test(text)) return text;
  const decoded = Buffer.from(text, 'latin1').toString('utf8');
  return decoded.includes('\ufffd') ? text : decoded;
}

/** Decodes percent escapes. In a path, `+` is not a space. Other text does not change. Bytes that are not UTF-8 are read as Latin-1. */
export function decodePath(path: string): string {
  if (!path.includes('%')) return path;
  // `unescape` also decodes `%u`, which is not an escape in URLs. Unlike `decodeURIComponent`, `unescape` never throws.
  return decodeLatin1(unescape(path.replaceAll('%u', '%25u')));
}

/** Patterns of users see no more characters of a text than this, because not every pattern takes linear time. */
export const MAX_PATTERN_INPUT = 2048;

/** Whether a pattern of a user matches anywhere in the part of a text that patterns see. */
export function matchesAny(patterns: readonly RegExp[], text: string): boolean {
  const seen = text.slice(0, MAX_PATTERN_INPUT);
  return patterns.some((pattern) => pattern.test(seen));
}

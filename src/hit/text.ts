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

/** Trims a text, and removes what makes a bulk fail (lone surrogates) or ends a column (control characters). */
export function cleanText(text: string): string {
  if (CLEAN_ASCII.test(text)) return text;
  return text.replace(LONE_SURROGATES, '\ufffd').replace(CONTROL_CHARACTERS, ' ').trim();
}

const FOUR_BYTES = /[\u{10000}-\u{10ffff}]/gu;

/** Removes what a column in `utf8mb3` cannot hold, such as emojis. */
export function withoutFourBytes(text: string): string {
  return text.replace(FOUR_BYTES, '');
}

/** Whether a text needs no encoding in the value of a query string. */
export function isPlain(text: string): boolean {
  return NOTHING_TO_ESCAPE.test(text);
}

/** Percent-encodes a well-formed value for a query string. Encoding its parts one by one yields the same. */
export function encodeValue(text: string): string {
  if (isPlain(text)) return text;
  if (PLAIN_PAIRS.test(text)) return text.replaceAll('&', '%26');
  const encoded = encodeURI(text);
  // Most values have none of these characters.
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

/** Cuts a text. `sizeOf` is the size of a character that is not escaped, and `maxSize` its maximum. */
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

/** Removes the user info from a URL, which may have no scheme, other slashes than it should, and any characters before these. */
export function withoutUserInfo(url: string): string {
  return url.includes('@') ? url.replace(USER_INFO, '$1') : url;
}

const HOST_AND_REST = /^((?:[^/\\?#:]*:[/\\]+)?[^/\\?#]*).*/s;

/** The host that a client sent, which may be a URL, without user info, path, query and fragment. */
export function shownHost(host: string): string {
  return withoutUserInfo(decodeLatin1(host)).replace(HOST_AND_REST, '$1');
}

// Created once, because the function would make a new object for each call.
const NOT_ASCII = /[\u0080-\u00ff]/;
const NOT_LATIN1 = /[\u0100-\uffff]/;

/**
 * Decodes a text whose bytes were read as Latin-1: as UTF-8 if they are valid, else unchanged. Node.js reads headers in that way,
 * and WSGI the path.
 */
export function decodeLatin1(text: string): string {
  if (!NOT_ASCII.test(text) || NOT_LATIN1.test(text)) return text;
  const decoded = Buffer.from(text, 'latin1').toString('utf8');
  return decoded.includes('\ufffd') ? text : decoded;
}

/** Decodes percent escapes. In a path, `+` is no space. Other text is not changed, and bytes that are not UTF-8 are read as Latin-1. */
export function decodePath(path: string): string {
  if (!path.includes('%')) return path;
  // `%u`, which `unescape` decodes, is no escape of a URL. Unlike `decodeURIComponent`, it never throws.
  return decodeLatin1(unescape(path.replaceAll('%u', '%25u')));
}

/** Limit for the text that users' patterns are tested on, because not every pattern takes linear time. */
export const MAX_PATTERN_INPUT = 2048;

/** Whether a pattern of a user matches in the part of a text that patterns see. */
export function matchesAny(patterns: readonly RegExp[], text: string): boolean {
  const seen = text.slice(0, MAX_PATTERN_INPUT);
  return patterns.some((pattern) => pattern.test(seen));
}

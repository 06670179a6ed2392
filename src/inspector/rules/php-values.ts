import { unescapeHtml } from '../../common/unescape-html.js';

const NUMERIC = /^[ \t\n\r\v\f]*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?[ \t\n\r\v\f]*$/i;
const INTEGER = /^\s*[+-]?\d+\s*$/;

/** A parameter: text, true in a JSON hit, null for an array, `undefined` if it was not sent. */
export type ParameterValue = string | true | null | undefined;

/** The number that PHP reads from a value; `undefined` if the value is not numeric. */
export function toNumber(value: ParameterValue): number | undefined {
  if (value === true) return 1;
  return typeof value === 'string' && NUMERIC.test(value) ? Number(value) : undefined;
}

/**
 * The integer that a value is exactly (`1e3`, ` 12`, `12.0`); `undefined` if it is not an integer or exceeds 64 bits.
 */
export function toInteger(value: ParameterValue): number | undefined {
  const number = toNumber(value);
  if (number === undefined || !Number.isInteger(number)) return undefined;
  // An integer has no negative zero.
  return fitsInto64Bits(String(value), number) ? number + 0 : undefined;
}

/** Whether a number is an integer of 64 bits; `number` is the rounded value of `text`. */
export function fitsInto64Bits(text: string, number: number): boolean {
  if (INTEGER.test(text)) {
    const exact = BigInt(text.trim().replace('+', ''));
    if (BigInt.asIntN(64, exact) === exact) return true;
  }
  return number >= -(2 ** 63) && number < 2 ** 63;
}

/** The number of `e_v` or a price: `1,5` is 1, other text that is not a number is 0. */
export function toAmount(text: string): number {
  if (/^\s|\s$/.test(text)) return 0;
  return toNumber(text) ?? toNumber(/^([+-]?\d+),\d+$/.exec(text)?.[1]) ?? 0;
}

/** A number as PHP writes it into text: 14 digits, `1.2345678901235E+19`. */
export function toNumberText(number: number): string {
  if (Number.isSafeInteger(number)) return String(number);
  const rounded = toStoredFloat(number);
  const size = Math.abs(rounded);
  if (size === 0 || (size >= 1e-4 && size < 1e15)) return String(rounded);
  const [digits = '', exponent = ''] = rounded.toExponential().split('e');
  return `${digits.includes('.') ? digits : `${digits}.0`}E${exponent}`;
}

/** A float after its way through PHP's text into the database. */
export function toStoredFloat(number: number): number {
  return Number(number.toPrecision(14));
}

const ESCAPED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#039;',
};
const TRIMMED = ' \t\n\r\0\v';

/** Trims like PHP: NUL, but no Unicode spaces. An expression would search for the end again from each space. */
export function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && TRIMMED.includes(text.charAt(start))) start += 1;
  while (end > start && TRIMMED.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** Escapes for HTML, without escaping twice, and removes NUL. Most texts are stored like this. */
export function escapeHtml(text: string): string {
  const plain = unescapeHtml(text).replaceAll('\0', '');
  return plain.replace(/[&<>"']/g, (character) => ESCAPED[character] ?? character);
}

/** Cuts to a number of characters, not bytes or UTF-16 units. */
export function cutStoredCharacters(text: string, limit: number): string {
  return text.length <= limit ? text : Array.from(text).slice(0, limit).join('');
}

/** Marks the rest of a character that was cut. It occurs in no text that was sent. */
const BROKEN_CHARACTER = '\ud800';
const SURROGATE = /\p{Surrogate}/u;

/** Cuts to a number of bytes of UTF-8, as Matomo does, even through a character: see `isBroken`. */
export function cutStoredBytes(text: string, limit: number): string {
  if (text.length * 3 <= limit) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  let end = limit;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end) + (end < limit ? BROKEN_CHARACTER : '');
}

/** Whether a cut went through a character. A strict database refuses such a text. */
export function isBroken(text: string): boolean {
  return text.includes(BROKEN_CHARACTER) && SURROGATE.test(text);
}

const MAX_DEPTH = 512;

/** Parses a JSON object or list as PHP does; empty if the text is anything else, or PHP cannot read it. */
export function parseJson(json: string): object {
  try {
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === 'object' && parsed !== null && isWellFormed(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

/** Whether PHP's JSON decoder accepts a value too: no lone surrogates, and at most 512 levels. */
function isWellFormed(value: unknown, depth = 1): boolean {
  if (typeof value === 'string') return !SURROGATE.test(value);
  if (typeof value !== 'object' || value === null) return true;
  if (depth > MAX_DEPTH) return false;
  return Object.entries(value).every(
    ([name, item]) => !SURROGATE.test(name) && isWellFormed(item, depth + 1),
  );
}

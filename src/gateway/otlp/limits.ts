import { type DecodedExport, UnreadableExport } from './decoded-export.js';

/** Longer texts are cut. Tracking parameters are shorter, so JSON that was cut here is still too long for Matomo. */
const MAX_TEXT_CHARACTERS = 32_768;
/** UTF-8 needs at most three bytes for a UTF-16 unit. */
const MAX_TEXT_BYTES = 3 * MAX_TEXT_CHARACTERS;
/** Attributes with longer names are not read. */
export const MAX_NAME_CHARACTERS = 256;
/** An export has 14 levels, and two more for each nested list or map. */
const MAX_NESTING = 100;
/** OTLP has sixty names. For each other one V8 creates a text and a shape of an object. */
const MAX_JSON_NAMES = 1000;
/** Lists and objects that any export may have. A real export has more than 8 bytes for each. */
const MIN_OBJECTS = 100_000;
const MIN_BYTES_OF_AN_OBJECT = 8;

/** Cuts a text. Returns a copy, because a part of a string keeps the whole string in memory. */
export function cutText(text: string, into: DecodedExport): string {
  if (text.length <= MAX_TEXT_CHARACTERS) return text;
  into.reasons.add(`texts beyond ${MAX_TEXT_CHARACTERS} characters are cut`);
  return copyOf(text, MAX_TEXT_CHARACTERS);
}

/** An integer of 64 bits: as text if a number would not be exact, so that two users never have one ID. */
export function exactInteger(value: string | bigint): number | string {
  const number = Number(value);
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? String(value) : number;
}

/** Cuts the name of an instrumentation scope. */
export function cutName(name: string): string {
  return name.length <= MAX_NAME_CHARACTERS ? name : copyOf(name, MAX_NAME_CHARACTERS);
}

function copyOf(text: string, characters: number): string {
  return Buffer.from(text.slice(0, characters), 'utf16le').toString('utf16le');
}

/** The last byte of a text in UTF-8 that can be within the limit, whatever its characters are. */
export function endOfText(begin: number, end: number): number {
  return Math.min(end, begin + MAX_TEXT_BYTES + 3); // one more character, so that `cutText` notices that the text is too long
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const SPACE = 0x20;

const SLOTS = 2048; // a power of two
const MAX_BYTES = 256;
/** Bytes of a text that are hashed, spread over all of it. */
const MIN_HASHED = 8;

/**
 * Names by their bytes: a known one is found without being decoded. They stay in memory as long as the process runs, so texts that
 * may be personal do not belong here. No `GenerationCache`, whose keys have to be decoded first.
 */
export class KnownTexts {
  readonly #texts: string[] = new Array(SLOTS).fill('');

  /** Decodes UTF-8, or returns the known text with the same bytes. */
  read(bytes: Buffer, begin: number, end: number): string {
    if (end - begin > MAX_BYTES) return bytes.toString('utf8', begin, end);
    const slot = slotOf(bytes, begin, end);
    const known = this.#texts[slot] as string;
    if (isSame(known, bytes, begin, end)) return known;
    const text = bytes.toString('utf8', begin, end);
    this.#texts[slot] = text;
    return text;
  }
}

function slotOf(bytes: Buffer, begin: number, end: number): number {
  const step = Math.floor((end - begin) / MIN_HASHED) + 1;
  let hash = end - begin;
  for (let i = begin; i < end; i += step) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0;
  return (hash ^ (hash >>> 15)) & (SLOTS - 1);
}

/** Whether a text has these bytes; false for texts that are not ASCII. */
function isSame(text: string, bytes: Buffer, begin: number, end: number): boolean {
  if (text.length !== end - begin) return false;
  for (let i = 0; i < text.length; i++) {
    const byte = bytes[begin + i] as number;
    if (byte > 127 || byte !== text.charCodeAt(i)) return false;
  }
  return true;
}

const names = new KnownTexts();

/**
 * Refuses JSON that takes long to parse, because parsing cannot be interrupted: deeper nesting, more lists and objects per
 * byte, and more names than in any export.
 */
export function checkJson(body: Buffer): void {
  const found = new Set<string>();
  let left = Math.max(MIN_OBJECTS, body.length / MIN_BYTES_OF_AN_OBJECT);
  let depth = 0;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i] as number;
    if (byte === QUOTE) {
      const begin = i + 1;
      i = endOfString(body, begin);
      if (!isName(body, i + 1)) continue;
      found.add(names.read(body, begin, i));
      if (found.size > MAX_JSON_NAMES) {
        throw new UnreadableExport(`JSON has more than ${MAX_JSON_NAMES} different names`);
      }
    }
    // The brackets and braces: 0x5b, 0x5d, 0x7b, 0x7d.
    else if ((byte & 0xdf) === 0x5b) {
      depth += 1;
      left -= 1;
      if (depth > MAX_NESTING) {
        throw new UnreadableExport(`JSON is nested deeper than ${MAX_NESTING} levels`);
      }
      if (left < 0) throw new UnreadableExport(TOO_DENSE);
    } else if ((byte & 0xdf) === 0x5d) depth -= 1;
  }
}

const TOO_DENSE = `JSON has more than ${MIN_OBJECTS} lists and objects, and less than ${MIN_BYTES_OF_AN_OBJECT} bytes for each`;

/** Whether a colon comes next. */
function isName(body: Buffer, begin: number): boolean {
  let i = begin;
  while ((body[i] as number) <= SPACE) i += 1;
  return body[i] === COLON;
}

/** The position of the closing quotation mark, or the end of the body. */
function endOfString(body: Buffer, begin: number): number {
  for (let i = begin; i < body.length; i++) {
    const byte = body[i];
    if (byte === QUOTE) return i;
    if (byte === BACKSLASH) i += 1;
  }
  return body.length;
}

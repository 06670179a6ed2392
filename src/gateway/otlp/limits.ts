import { type DecodedExport, UnreadableExport } from './decoded-export.js';
import { KnownTexts } from './known-texts.js';

/** Characters of a text that are read: more than any tracking parameter has, so that JSON that was cut stays too long for Matomo. */
const MAX_TEXT_CHARACTERS = 32_768;
/** UTF-8 takes at most three bytes for a UTF-16 unit. */
const MAX_TEXT_BYTES = 3 * MAX_TEXT_CHARACTERS;
/** Attributes with longer names are not read. */
export const MAX_NAME_CHARACTERS = 256;
/** An export of OTLP has 14 levels, and two more for each list or map in another. */
const MAX_NESTING = 100;
/** OTLP has sixty. Each other one is a text and a shape of an object that V8 has to make. */
const MAX_JSON_NAMES = 1000;
/** Lists and objects of a small export; what OTLP writes has more than 8 bytes for each. */
const MIN_OBJECTS = 100_000;
const MIN_BYTES_OF_AN_OBJECT = 8;

/** A text as far as it is read. A copy, because a part of a string keeps the whole of it in memory. */
export function cutText(text: string, into: DecodedExport): string {
  if (text.length <= MAX_TEXT_CHARACTERS) return text;
  into.reasons.add(`texts beyond ${MAX_TEXT_CHARACTERS} characters are cut`);
  return copyOf(text, MAX_TEXT_CHARACTERS);
}

/** A name as far as it is read: of an instrumentation scope, which every span refers to. */
export function cutName(name: string): string {
  return name.length <= MAX_NAME_CHARACTERS ? name : copyOf(name, MAX_NAME_CHARACTERS);
}

function copyOf(text: string, characters: number): string {
  return Buffer.from(text.slice(0, characters), 'utf16le').toString('utf16le');
}

/** The end of a text in UTF-8 as far as it can matter, whatever its characters are. */
export function endOfText(begin: number, end: number): number {
  return Math.min(end, begin + MAX_TEXT_BYTES + 3); // one character more, so that it is seen to be cut
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const SPACE = 0x20;

const names = new KnownTexts();

/**
 * Refuses JSON that takes long to parse, which nothing can interrupt: lists and objects that are nested deeper or lie closer
 * than in any export, and names beyond those of OTLP.
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

/** The closing quotation mark, or the end of what there is. */
function endOfString(body: Buffer, begin: number): number {
  for (let i = begin; i < body.length; i++) {
    const byte = body[i];
    if (byte === QUOTE) return i;
    if (byte === BACKSLASH) i += 1;
  }
  return body.length;
}

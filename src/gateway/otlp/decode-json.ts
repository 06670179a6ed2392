import type { AttributeValue } from '../../common/otel-types.js';
import type { Steps } from '../../common/slices.js';
import { KnownTexts } from './known-texts.js';
import { type DecodedExport, readExport } from './read-export.js';
import {
  cutText,
  exactInteger,
  isObject,
  type Json,
  MAX_ITEMS,
  objects,
  UnreadableExport,
} from './read-values.js';

/** Parsing a smaller body takes a few milliseconds. */
const LARGE_BYTES = 131_072;
/** An export has 14 levels, and two more for each nested list or map. */
const MAX_NESTING = 100;
/** OTLP has sixty names. For each other one V8 creates a text and a shape of an object. */
const MAX_NAMES = 1000;
/** Lists and objects that any export may have. A real export has more than 8 bytes for each. */
const MIN_OBJECTS = 100_000;
const MIN_BYTES_OF_AN_OBJECT = 8;

/**
 * Reads an `ExportTraceServiceRequest` in OTLP's JSON in steps, also as older SDKs write it: enums by name, numbers as text.
 * `JSON.parse` is the longest step; `checkJson` refuses bodies for which it would take too long.
 */
export function* readJson(body: Buffer, into: DecodedExport): Steps {
  checkJson(body);
  yield body.length > LARGE_BYTES;
  const request = parse(body);
  yield body.length > LARGE_BYTES;
  const { reasons } = into;
  const values = { reasons, readId: hex, readValue: (value: unknown) => readValue(value, reasons) };
  yield* readExport(request, into, values);
}

function parse(body: Buffer): Json {
  let request: unknown;
  try {
    request = JSON.parse(body.toString('utf8'));
  } catch {
    throw new UnreadableExport('the body is not JSON');
  }
  if (!isObject(request)) throw new UnreadableExport('the body is not a JSON object');
  return request;
}

function hex(id: unknown): string {
  return typeof id === 'string' && /^[\da-f]{1,32}$/i.test(id) ? id.toLowerCase() : '';
}

function readValue(value: unknown, reasons: Set<string>, lists = true): AttributeValue | undefined {
  if (!isObject(value)) return undefined;
  const { stringValue, boolValue, intValue, doubleValue, arrayValue } = value;
  if (typeof stringValue === 'string') return cutText(stringValue, { reasons });
  if (typeof boolValue === 'boolean') return boolValue;
  if (typeof intValue === 'string' && intValue !== '') return exactInteger(intValue);
  const number = intValue ?? doubleValue;
  if (typeof number === 'number') return number;
  if (typeof number === 'string' && number !== '') return Number(number);
  if (!lists || !isObject(arrayValue)) return undefined;
  const items: unknown[] = [];
  for (const item of objects(arrayValue.values, 'values')) {
    if (items.length === MAX_ITEMS) break;
    items.push(readValue(item, reasons, false));
  }
  return items.filter((item) => item !== undefined) as AttributeValue;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const SPACE = 0x20;

const names = new KnownTexts();

/**
 * Refuses JSON that takes long to parse, because parsing cannot be interrupted: deeper nesting, more lists and objects per
 * byte, and more names than in any export.
 */
function checkJson(body: Buffer): void {
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
      if (found.size > MAX_NAMES) {
        throw new UnreadableExport(`JSON has more than ${MAX_NAMES} different names`);
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

import type { Attributes, AttributeValue } from '../../common/otel-types.js';

/** An object in the shape of OTLP's JSON, of which nothing has been checked. */
export type Json = Readonly<Record<string, unknown>>;

/** The body is not an export request. */
export class UnreadableExport extends Error {}

/** How an encoding is read. */
export interface ValueReader {
  /** Why parts of the export were not read. */
  readonly reasons: Set<string>;
  /** `''` if the ID is invalid. */
  readId(value: unknown): string;
  /** Reads text, numbers, booleans and lists of them. No attribute that is used has another type. */
  readValue(value: unknown): AttributeValue | undefined;
}

// Limits, because a few bytes of an export can become objects that need far more memory.
/** Attributes of a span or a resource. The default limit of SDKs is 128. */
const MAX_ATTRIBUTES = 512;
/** Elements of an attribute that is a list. */
export const MAX_ITEMS = 128;
/** Longer texts are cut. Tracking parameters are shorter, so JSON that was cut here is still too long for Matomo. */
export const MAX_TEXT_CHARACTERS = 32_768;
/** Attributes with longer names are not read. */
const MAX_NAME_CHARACTERS = 256;

const TOO_MANY_ATTRIBUTES = `attributes beyond the first ${MAX_ATTRIBUTES} are not read`;

/** Shared: most spans have none that are used. */
export const NO_ATTRIBUTES: Attributes = Object.freeze({});

/** Reads the attributes that a filter keeps. `NO_ATTRIBUTES` if there are none. */
export function readAttributes(
  list: unknown,
  values: ValueReader,
  isKept?: (name: string) => boolean,
): Attributes {
  if (list === undefined) return NO_ATTRIBUTES;
  let attributes: Attributes | undefined;
  let count = 0;
  for (const attribute of objects(list, 'attributes')) {
    if (count === MAX_ATTRIBUTES) {
      values.reasons.add(TOO_MANY_ATTRIBUTES);
      break;
    }
    count += 1;
    const { key } = attribute;
    if (typeof key !== 'string' || key === '__proto__' || key.length > MAX_NAME_CHARACTERS)
      continue;
    if (isKept?.(key) === false) continue;
    const read = values.readValue(attribute.value);
    if (read === undefined) continue;
    attributes ??= {};
    attributes[key] = read;
  }
  return attributes ?? NO_ATTRIBUTES;
}

/** The elements of a list, which may be decoded while it is iterated. OTLP omits empty lists. */
export function objects(list: unknown, name: string): Iterable<Json> {
  if (list === undefined || list === null) return [];
  const isList = Array.isArray(list) ? list.every(isObject) : isIterable(list);
  if (!isList) throw new UnreadableExport(`${name} is not a list of objects`);
  return list as Iterable<Json>;
}

/** What is parsed of JSON has no symbols. */
function isIterable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function cutText(value: string, { reasons }: Pick<ValueReader, 'reasons'>): string {
  if (value.length <= MAX_TEXT_CHARACTERS) return value;
  reasons.add(`texts beyond ${MAX_TEXT_CHARACTERS} characters are cut`);
  return cut(value, MAX_TEXT_CHARACTERS);
}

/** Reads the name of an instrumentation scope. */
export function readName(value: unknown): string {
  return typeof value === 'string' ? cut(value, MAX_NAME_CHARACTERS) : '';
}

/** Cuts a text. Returns a copy, because a part of a string keeps the whole string in memory. */
function cut(value: string, characters: number): string {
  if (value.length <= characters) return value;
  return Buffer.from(value.slice(0, characters), 'utf16le').toString('utf16le');
}

/** Reads an enum, which older SDKs write by name. */
export function enumValue(value: unknown, names: readonly string[]): number {
  const index = typeof value === 'string' ? names.indexOf(value) : -1;
  return index >= 0 ? index : integer(value);
}

export function integer(value: unknown): number {
  // `Number` throws for an object that cannot be converted to a primitive.
  const number = typeof value === 'number' || typeof value === 'string' ? Number(value) : 0;
  return Number.isInteger(number) ? number : 0;
}

/** An integer of 64 bits: as text if a number would not be exact, so that two users never have one ID. */
export function exactInteger(value: string | bigint): number | string {
  const number = Number(value);
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? String(value) : number;
}

/** Nanoseconds since the epoch, 0 if there are none. A number is exact to a fourth of a microsecond; a `bigint` takes longer. */
export function nanos(value: unknown): number {
  const number = typeof value === 'string' && /^\d{1,20}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && number > 0 && number < 2 ** 64 ? Math.trunc(number) : 0;
}

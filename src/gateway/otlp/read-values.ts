import type { Attributes, AttributeValue, HrTime } from '../../common/otel-types.js';
import type { FinishedSpan } from '../../request/finished-span.js';
import { HIT_EVENT, MAX_ADDITIONAL_HITS } from '../../request/matomo-attributes.js';

/** The body is not an export request. */
export class UnreadableExport extends Error {}

/** Why spans were rejected, or parts of an export not read. */
export type Reasons = Set<string>;

/** Whether an attribute is kept. */
export type Keeps = (name: string) => boolean;

// Limits, because a few bytes of an export can become objects that need far more memory.
/** Attributes of a span or a resource. The default limit of SDKs is 128. */
const MAX_ATTRIBUTES = 512;
/** Elements of an attribute that is a list. */
export const MAX_ITEMS = 128;
/** Longer texts are cut. Tracking parameters are shorter, so JSON that was cut here is still too long for Matomo. */
export const MAX_TEXT_CHARACTERS = 32_768;
/** Attributes with longer names are not read. */
const MAX_NAME_CHARACTERS = 256;
/** Events of a span. No SDK keeps more. */
const MAX_EVENTS = 10_000;

/** The number of an enum whose name OTLP does not have. */
export const UNKNOWN_NAME = -1;

const TOO_MANY_ATTRIBUTES = `attributes beyond the first ${MAX_ATTRIBUTES} are not read`;
const TOO_MANY_EVENTS = `events beyond the first ${MAX_EVENTS} of a span are not read`;
const TOO_MANY_HIT_EVENTS = `matomo.hit events beyond the first ${MAX_ADDITIONAL_HITS} of a span are not read`;
const LONG_TEXTS = `texts beyond ${MAX_TEXT_CHARACTERS} characters are cut`;

/** Shared: most spans have none that are used. */
export const NO_ATTRIBUTES: Attributes = Object.freeze({});

/** Shared for the same reason. */
export const NO_EVENTS: readonly SpanEvent[] = Object.freeze([]);

/** Whether another attribute is read after so many. */
export function takesAttribute(count: number, reasons: Reasons): boolean {
  if (count < MAX_ATTRIBUTES) return true;
  reasons.add(TOO_MANY_ATTRIBUTES);
  return false;
}

/** Whether an attribute can have this name. */
export function isAttributeName(name: unknown): name is string {
  return typeof name === 'string' && name !== '__proto__' && name.length <= MAX_NAME_CHARACTERS;
}

/** Adds an attribute, the first one to a new object. */
export function withAttribute(
  attributes: Attributes,
  name: string,
  value: AttributeValue | undefined,
): Attributes {
  if (value === undefined) return attributes;
  const added = attributes === NO_ATTRIBUTES ? {} : attributes;
  added[name] = value;
  return added;
}

export type SpanEvent = NonNullable<FinishedSpan['events']>[number];

/** An event of a span, in any encoding. */
export interface OtlpEvent {
  readonly name: unknown;
  readonly nanos: number;
  readAttributes(isKept?: Keeps): Attributes;
}

const isExceptionType: Keeps = (name) => name === 'exception.type';

/** Reads the last exception, and the events for Matomo. */
export function readEvents(list: Iterable<OtlpEvent>, reasons: Reasons): readonly SpanEvent[] {
  let exception: SpanEvent | undefined;
  const hits: SpanEvent[] = [];
  let left = MAX_EVENTS;
  for (const event of list) {
    if (left === 0) {
      reasons.add(TOO_MANY_EVENTS);
      break;
    }
    left -= 1;
    const { name, nanos } = event;
    if (name === 'exception') {
      const attributes = event.readAttributes(isExceptionType);
      exception =
        typeof attributes['exception.type'] === 'string' ? { name, attributes } : undefined;
    } else if (name === HIT_EVENT && hits.length < MAX_ADDITIONAL_HITS) {
      hits.push({
        name,
        attributes: event.readAttributes(),
        ...(nanos > 0 && { time: toHrTime(nanos) }),
      });
    } else if (name === HIT_EVENT) reasons.add(TOO_MANY_HIT_EVENTS);
  }
  return exception ? [exception, ...hits] : hits;
}

export function toHrTime(nanos: number): HrTime {
  const rest = nanos % 1e9;
  return [(nanos - rest) / 1e9, rest];
}

export function cutText(text: string, reasons: Reasons): string {
  if (text.length > MAX_TEXT_CHARACTERS) reasons.add(LONG_TEXTS);
  return cut(text, MAX_TEXT_CHARACTERS);
}

/** Cuts the name of an instrumentation scope. */
export function cutName(name: string): string {
  return cut(name, MAX_NAME_CHARACTERS);
}

/** Cuts a text. Returns a copy, because a part of a string keeps the whole string in memory. */
function cut(text: string, characters: number): string {
  if (text.length <= characters) return text;
  return Buffer.from(text.slice(0, characters), 'utf16le').toString('utf16le');
}

/** An integer of 64 bits: as text if a number would not be exact, so that two users never have one ID. */
export function exactInteger(value: string | bigint): number | string {
  const number = Number(value);
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? String(value) : number;
}

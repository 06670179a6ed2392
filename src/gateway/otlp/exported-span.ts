import type { Attributes } from '../../common/otel-types.js';

// The parts of an `ExportTraceServiceRequest` that are used, independent of the encoding.

/** Means that the body is not an export request. */
export class UnreadableExport extends Error {}

export const TOO_MANY_MESSAGES = 'the body has too many small messages';

/** The maximum number of messages in a body. A small message becomes an object that needs far more memory. */
export function maxMessages({ length }: { readonly length: number }): number {
  return Math.max(100_000, length / 8);
}

/** Reads an export. Yields after each part of a large one, so that the gateway can handle other requests. */
export type Reading = Generator<void, readonly ResourceSpans[]>;

/** The number of spans that are read in one turn of the event loop. */
export const SPANS_IN_A_PART = 1000;

export interface ResourceSpans {
  readonly attributes: Attributes;
  readonly spans: readonly ExportedSpan[];
}

/** A span. Its properties are set while it is read. */
export interface ExportedSpan {
  traceId: string;
  spanId: string;
  /** Empty if the span has no parent. */
  parentSpanId: string;
  name: string;
  /** `SpanKind` of OTLP: 0 is unspecified, 2 is SERVER, -1 is an unknown name. */
  kind: number;
  startNanos: number;
  endNanos: number;
  attributes: Attributes;
  events: readonly ExportedEvent[];
  links: readonly { readonly traceId: string; readonly spanId: string }[];
  statusCode: number;
  flags: number;
  bytes: number;
}

export interface ExportedEvent {
  readonly name: string;
  readonly nanos: number;
  readonly attributes: Attributes;
}

export const SERVER = 2;

/** Whether an attribute of a span that is not a SERVER span is kept. */
export interface IsKept {
  (name: string): boolean;
  /** The first bytes of kept names, so that most other names need not be decoded. */
  readonly firstBytes: ReadonlySet<number>;
}

/** An object that most spans share as attributes, because none of their attributes is used. */
export const NO_ATTRIBUTES: Attributes = Object.freeze({});

/** A list that most spans share as events and links, because they have none. */
export const NONE: never[] = Object.freeze([]) as never;

/** Converts an integer of 64 bits. It becomes a string if a number would not be exact, so that two users never have the same ID. */
export function exactInteger(value: bigint | string | number): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

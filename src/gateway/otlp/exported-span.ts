import type { Attributes } from '../../common/otel-types.js';

// The part of an `ExportTraceServiceRequest` that is used, in any encoding.

/** The body is not an export request. */
export class UnreadableExport extends Error {}

export const TOO_MANY_MESSAGES = 'the body has too many small messages';

/** The maximum number of messages in a body: a small message becomes an object that needs far more memory. */
export function maxMessages({ length }: { readonly length: number }): number {
  return Math.max(100_000, length / 8);
}

/** Reads an export. Yields after each part of a large one, so that the gateway can answer other requests. */
export type Reading = Generator<void, readonly ResourceSpans[]>;

/** The spans that are read between two turns of the event loop. */
export const SPANS_IN_A_PART = 1000;

export interface ResourceSpans {
  readonly attributes: Attributes;
  readonly spans: readonly ExportedSpan[];
}

/** A span, which is filled while it is read. */
export interface ExportedSpan {
  traceId: string;
  spanId: string;
  /** Empty if there is none. */
  parentSpanId: string;
  name: string;
  /** `SpanKind` of OTLP: 0 is unspecified, 2 is SERVER, -1 an unknown name. */
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

/** SPAN_KIND_SERVER of OTLP. */
export const SERVER = 2;

/** Whether an attribute is kept of spans that are not SERVER spans. */
export interface IsKept {
  (name: string): boolean;
  /** The first bytes of such names, so that other names need not be decoded. */
  readonly firstBytes: ReadonlySet<number>;
}

/** Most spans share this object, because none of their attributes is used. */
export const NO_ATTRIBUTES: Attributes = Object.freeze({});

/** Most spans share this list, because they have no events and links. */
export const NONE: never[] = Object.freeze([]) as never;

/** An integer of 64 bits: as text if a number would not be exact, so that two users never have one ID. */
export function exactInteger(value: bigint | string | number): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

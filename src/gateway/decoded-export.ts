import type { Attributes } from '@opentelemetry/api';
import { textOf } from '../requests/finished-span.js';
import { ReceivedSpan, type SpanFields, type SpanSource } from './received-span.js';
import type { AttributeFilter, SpanSelection } from './span-selection.js';

// A message of a few bytes must not become objects of many: what is beyond these is not kept.
const MAX_SPANS = 50_000;
/** Of a span or a resource; SDKs stop at 128 by default. */
const MAX_ATTRIBUTES = 512;
/** Of an attribute that is a list. */
export const MAX_ITEMS = 128;

/** What was sent is no export request. */
export class UnreadableExport extends Error {}

/** The spans of one export request, and what was wrong with the others. */
export class DecodedExport {
  readonly spans: ReceivedSpan[] = [];
  /** How many of them are requests. */
  requests = 0;
  /** Roughly what these take in memory. */
  requestBytes = 0;
  /** Of services that do not count. */
  leftOut = 0;
  rejected = 0;
  /** Says why spans were rejected, or what was left out of others. */
  readonly reasons: Set<string> = new Set();
  /** Of the last span: many have the same, and keep one copy of it. */
  #traceId = '';
  readonly #selection: SpanSelection;

  constructor(selection: SpanSelection) {
    this.#selection = selection;
  }

  /** Whether the number of attributes that one thing has already leaves room for another. */
  takesAttribute(count: number): boolean {
    if (count < MAX_ATTRIBUTES) return true;
    this.reasons.add(`attributes beyond the first ${MAX_ATTRIBUTES} are not read`);
    return false;
  }

  /** Whether there is room for another span besides so many that have not been added yet; counts it where not. */
  takesSpan(count: number): boolean {
    if (this.spans.length + count < MAX_SPANS) return true;
    this.#reject(TOO_MANY);
    return false;
  }

  /** Which attributes of a span of this kind count; `undefined`: all. */
  filterFor(kind: number): AttributeFilter | undefined {
    return kind === SERVER || kind === 0 ? undefined : this.#selection.keptAttributes;
  }

  add(fields: SpanFields, source: SpanSource): void {
    const reason = reasonToReject(fields);
    if (reason !== undefined) this.#reject(reason);
    else if (source.isTaken) this.#take(fields, source);
    else this.leftOut += 1;
  }

  #take(fields: SpanFields, source: SpanSource): void {
    const attributes = fields.kind === SERVER ? fields.attributes : this.#kept(fields.attributes);
    if (attributes === NO_ATTRIBUTES && fields.exceptionType === undefined)
      forgetWhatIsSaid(fields);
    this.#traceId = fields.traceId === this.#traceId ? this.#traceId : fields.traceId;
    fields.traceId = this.#traceId;
    const span = new ReceivedSpan(fields, source, attributes, this.#selection);
    this.spans.push(span);
    if (!span.isRequest) return;
    this.requests += 1;
    this.requestBytes += span.bytes;
  }

  /** Where spans of this resource come from. */
  toSource(resource: Attributes): SpanSource {
    const attributes: Attributes = {};
    let said: Attributes | undefined;
    for (const name in resource) {
      if (name.startsWith('matomo.')) {
        said ??= {};
        said[name] = resource[name];
      } else attributes[name] = resource[name];
    }
    return {
      attributes,
      said,
      isPython: resource['telemetry.sdk.language'] === 'python',
      service: SERVICE.map((name) => textOf(resource[name]) ?? '').join('\0'),
      isTaken: this.#selection.takesService(textOf(resource['service.name']) ?? ''),
    };
  }

  #reject(reason: string): void {
    this.rejected += 1;
    this.reasons.add(reason);
  }

  #kept(attributes: Attributes): Attributes {
    let kept: Attributes | undefined;
    for (const name in attributes) {
      if (!this.#selection.keptAttributes.keeps(name)) continue;
      kept ??= {};
      kept[name] = attributes[name];
    }
    return kept ?? NO_ATTRIBUTES;
  }
}

/** What such a span is needed for is only the way from others to their request. */
function forgetWhatIsSaid(fields: SpanFields): void {
  fields.name = '';
  fields.startNanos = 0n;
  fields.endNanos = 0n;
}

const SERVER = 2; // SPAN_KIND_SERVER
const NO_ATTRIBUTES: Attributes = Object.freeze({});
const TOO_MANY = `there are more than ${MAX_SPANS} spans in one request`;

const NO_TRACE_ID = '0'.repeat(32);
const NO_SPAN_ID = '0'.repeat(16);

/** IDs are hexadecimal, or empty. */
function reasonToReject({ traceId, spanId, startNanos }: SpanFields): string | undefined {
  if (traceId.length !== 32 || traceId === NO_TRACE_ID) return 'a trace ID is not valid';
  if (spanId.length !== 16 || spanId === NO_SPAN_ID) return 'a span ID is not valid';
  return startNanos === 0n ? 'a span has no start time' : undefined;
}

const SERVICE = ['service.namespace', 'service.name', 'service.instance.id'];

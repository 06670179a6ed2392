import { createHash } from 'node:crypto';
import type { Attributes } from '../../common/otel-types.js';
import { textOf } from '../../requests/finished-span.js';
import {
  bytesOfAttribute,
  NO_SPAN_ID,
  ReceivedSpan,
  type SpanFields,
  type SpanSource,
} from './received-span.js';
import type { SpanSelection } from './span-selection.js';

// Limits, because a few bytes of an export can become objects that need far more memory.
const MAX_SPANS = 50_000;
const MAX_RESOURCES = 50_000;
const MAX_SCOPES = 50_000;
/** Resources, scopes and spans that are read in one step. */
const MESSAGES_A_STEP = 64;
// Every request gets the matomo.* attributes of its resource.
const MAX_MATOMO_ATTRIBUTES = 32;
const MAX_RESOURCE_BYTES = 8192;
/** Resources up to this size are not counted in the bytes of their spans, because many spans share one. */
const FREE_RESOURCE_BYTES = 2048;
/** Longer names are replaced by a digest, because the key of every trace contains the name. */
const MAX_SERVICE_CHARACTERS = 200;

/** The body is not an export request. */
export class UnreadableExport extends Error {}

/** The spans of one export request, and the reasons why others were rejected. */
export class DecodedExport {
  readonly spans: ReceivedSpan[] = [];
  /** Hits that the spans make, estimated from each span alone. */
  requests = 0;
  /** Memory of the spans that make hits, roughly. */
  requestBytes = 0;
  /** Spans of services that are not selected. */
  leftOut = 0;
  rejected = 0;
  /** Why spans were rejected, or parts of spans not read. */
  readonly reasons: Set<string> = new Set();
  /** The trace ID of the last span, so that the spans of a trace share one copy. */
  #traceId = '';
  #resources = 0;
  #scopes = 0;
  #messages = 0;
  readonly selection: SpanSelection;

  constructor(selection: SpanSelection) {
    this.selection = selection;
  }

  /** Counts a message; whether a step ends with it. */
  endsStep(): boolean {
    this.#messages += 1;
    return this.#messages % MESSAGES_A_STEP === 0;
  }

  /** Counts a resource. Spans of resources beyond the limit are rejected. */
  beginResource(): void {
    this.#resources += 1;
  }

  /** Counts an instrumentation scope. Spans of scopes beyond the limit are rejected. */
  beginScope(): void {
    this.#scopes += 1;
  }

  /** What there is too much of, so that no further span is read. */
  get excess(): string | undefined {
    if (this.spans.length + this.rejected >= MAX_SPANS) return `${MAX_SPANS} spans`;
    if (this.#resources > MAX_RESOURCES) return `${MAX_RESOURCES} resources`;
    return this.#scopes > MAX_SCOPES ? `${MAX_SCOPES} scopes` : undefined;
  }

  /** Whether there is room for another span. If not, the span counts as rejected. */
  takesSpan(): boolean {
    const { excess } = this;
    if (excess !== undefined) this.#reject(`there are more than ${excess} in one request`);
    return excess === undefined;
  }

  add(fields: SpanFields, source: SpanSource): void {
    const reason = reasonToReject(fields);
    if (reason !== undefined) this.#reject(reason);
    else if (source.isTaken) this.#take(fields, source);
    else this.leftOut += 1;
  }

  #take(fields: SpanFields, source: SpanSource): void {
    if (fields.traceId === this.#traceId) fields.traceId = this.#traceId;
    else this.#traceId = fields.traceId;
    const span = new ReceivedSpan(fields, source, this.selection);
    this.spans.push(span);
    const hits = fields.hitEvents.length + (span.isRequest ? 1 : 0);
    if (hits === 0) return;
    this.requests += hits;
    this.requestBytes += span.bytes;
  }

  /** Builds the source that all spans of a resource share. */
  toSource(resource: Attributes): SpanSource {
    const attributes: Attributes = {};
    let matomoLeft = MAX_MATOMO_ATTRIBUTES;
    let bytes = 0;
    for (const name in resource) {
      const size = bytesOfAttribute(name, resource[name]);
      const isForMatomo = name.startsWith('matomo.');
      if ((isForMatomo && matomoLeft === 0) || bytes + size > MAX_RESOURCE_BYTES) {
        this.reasons.add(RESOURCE_CUT);
        continue;
      }
      bytes += size;
      if (isForMatomo) matomoLeft -= 1;
      attributes[name] = resource[name];
    }
    return {
      attributes,
      extraBytes: Math.max(0, bytes - FREE_RESOURCE_BYTES),
      isPython: resource['telemetry.sdk.language'] === 'python',
      service: toServiceKey(SERVICE.map((name) => textOf(resource[name]) ?? '').join('\0')),
      isTaken: this.selection.takesService(textOf(resource['service.name']) ?? ''),
    };
  }

  #reject(reason: string): void {
    this.rejected += 1;
    this.reasons.add(reason);
  }
}

const RESOURCE_CUT = `attributes of a resource are not read beyond ${MAX_MATOMO_ATTRIBUTES} named matomo.*, or ${MAX_RESOURCE_BYTES} bytes`;

const NO_TRACE_ID = '0'.repeat(32);

/** Why a span is rejected. Invalid IDs were made empty. */
function reasonToReject({ traceId, spanId, startNanos }: SpanFields): string | undefined {
  if (traceId.length !== 32 || traceId === NO_TRACE_ID) return 'a trace ID is invalid';
  if (spanId.length !== 16 || spanId === NO_SPAN_ID) return 'a span ID is invalid';
  return startNanos === 0n ? 'a span has no start time' : undefined;
}

function toServiceKey(service: string): string {
  if (service.length <= MAX_SERVICE_CHARACTERS) return service;
  return createHash('sha256').update(service).digest('hex');
}

const SERVICE = ['service.namespace', 'service.name', 'service.instance.id'];

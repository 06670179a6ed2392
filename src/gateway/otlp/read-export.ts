import { createHash } from 'node:crypto';
import type { Attributes } from '../../common/otel-types.js';
import type { Steps } from '../../common/slices.js';
import { textOf } from '../../requests/finished-span.js';
import { HIT_EVENT } from '../../requests/matomo-attributes.js';
import {
  isObject,
  type Json,
  nanos,
  objects,
  readAttributes,
  readName,
  type ValueReader,
} from './read-values.js';
import {
  bytesOf,
  bytesOfAttribute,
  NO_SPAN_ID,
  ReceivedSpan,
  type SpanScope,
  type SpanSource,
} from './received-span.js';
import type { SpanSelection } from './span-selection.js';

/** A limit, because a few bytes of an export can become objects that need far more memory. */
const MAX_SPANS = 50_000;
/** Resources, scopes and spans that are read in one step. */
const MESSAGES_A_STEP = 64;
// Every request gets the matomo.* attributes of its resource.
const MAX_MATOMO_ATTRIBUTES = 32;
const MAX_RESOURCE_BYTES = 8192;
/** Resources up to this size are not counted in the bytes of their spans, because many spans share one. */
const FREE_RESOURCE_BYTES = 3072;
/** Longer names are replaced by a digest, because the key of every trace contains the name. */
const MAX_SERVICE_CHARACTERS = 200;

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
  readonly selection: SpanSelection;

  constructor(selection: SpanSelection) {
    this.selection = selection;
  }

  /** Whether no further span is read. */
  get isFull(): boolean {
    return this.spans.length + this.rejected >= MAX_SPANS;
  }

  reject(reason: string): void {
    this.rejected += 1;
    this.reasons.add(reason);
  }

  add(span: ReceivedSpan): void {
    this.spans.push(span);
    let hits = span.isRequest ? 1 : 0;
    for (const { name } of span.events) if (name === HIT_EVENT) hits += 1;
    if (hits === 0) return;
    this.requests += hits;
    this.requestBytes += span.bytes;
  }
}

/**
 * Reads the spans of an `ExportTraceServiceRequest` in steps. What its lists have may be the same object each time.
 *
 * @throws UnreadableExport
 */
export function* readExport(request: Json, into: DecodedExport, values: ValueReader): Steps {
  let messages = 0;
  const endsStep = () => {
    messages += 1;
    return messages % MESSAGES_A_STEP === 0;
  };
  for (const { resource, scopeSpans } of objects(request.resourceSpans, 'resourceSpans')) {
    let source: SpanSource | undefined;
    for (const { scope, spans } of objects(scopeSpans, 'scopeSpans')) {
      let taken: SpanScope | undefined;
      for (const span of objects(spans, 'spans')) {
        if (endsStep()) yield false;
        const reason = reasonToReject(span, into, values);
        if (reason !== undefined) {
          into.reject(reason);
          continue;
        }
        // Read only if there are spans, because an export can have far more resources and scopes than spans.
        source ??= readSource(resource, into, values);
        taken ??= { source, isTaken: into.selection.takesScope(scopeNameOf(scope)) };
        if (source.isTaken) into.add(new ReceivedSpan(span, taken, values, into.selection));
        else into.leftOut += 1;
      }
      if (endsStep()) yield false;
    }
    if (endsStep()) yield false;
  }
}

const NO_TRACE_ID = '0'.repeat(32);

function reasonToReject(
  { traceId, spanId, startTimeUnixNano }: Json,
  { isFull }: DecodedExport,
  { readId }: ValueReader,
): string | undefined {
  if (isFull) return `there are more than ${MAX_SPANS} spans in one request`;
  if (!isId(readId(traceId), NO_TRACE_ID)) return 'a trace ID is invalid';
  if (!isId(readId(spanId), NO_SPAN_ID)) return 'a span ID is invalid';
  return nanos(startTimeUnixNano) === 0 ? 'a span has no start time' : undefined;
}

function isId(id: string, none: string): boolean {
  return id.length === none.length && id !== none;
}

function scopeNameOf(scope: unknown): string {
  return isObject(scope) ? readName(scope.name) : '';
}

const RESOURCE_CUT = `attributes of a resource are not read beyond ${MAX_MATOMO_ATTRIBUTES} named matomo.*, or ${MAX_RESOURCE_BYTES} bytes`;
const SERVICE = ['service.namespace', 'service.name', 'service.instance.id'];

/** Reads the source that all spans of a resource share. */
function readSource(json: unknown, into: DecodedExport, values: ValueReader): SpanSource {
  const resource = readAttributes(isObject(json) ? json.attributes : undefined, values);
  const attributes: Attributes = {};
  let matomoLeft = MAX_MATOMO_ATTRIBUTES;
  let bytes = 0;
  for (const name in resource) {
    const size = bytesOfAttribute(name, resource[name]);
    const isForMatomo = name.startsWith('matomo.');
    if ((isForMatomo && matomoLeft === 0) || bytes + size > MAX_RESOURCE_BYTES) {
      into.reasons.add(RESOURCE_CUT);
      continue;
    }
    bytes += size;
    if (isForMatomo) matomoLeft -= 1;
    attributes[name] = resource[name];
  }
  return {
    attributes,
    extraBytes: Math.max(0, bytesOf('', attributes) - FREE_RESOURCE_BYTES),
    isPython: resource['telemetry.sdk.language'] === 'python',
    service: toServiceKey(SERVICE.map((name) => textOf(resource[name]) ?? '').join('\0')),
    isTaken: into.selection.takesService(textOf(resource['service.name']) ?? ''),
  };
}

function toServiceKey(service: string): string {
  if (service.length <= MAX_SERVICE_CHARACTERS) return service;
  return createHash('sha256').update(service).digest('hex');
}

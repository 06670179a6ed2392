import { createHash } from 'node:crypto';
import type { Attributes } from '../../common/otel-types.js';
import type { Steps } from '../../common/slices.js';
import { textOf } from '../../request/finished-span.js';
import { OPERATION_ATTRIBUTES } from '../../request/operations/index.js';
import type { RequestReading } from '../../request/read-request.js';
import { ROUTE_BELOW_ATTRIBUTES } from '../../request/routes/index.js';
import { cutName, type Reasons, UNKNOWN_NAME } from './read-values.js';
import {
  bytesOf,
  bytesOfAttribute,
  NO_SPAN_ID,
  type OtlpSpan,
  type ReceivedSpan,
  type SpanScope,
  type SpanSource,
  toReceivedSpan,
} from './received-span.js';

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
  /** Spans of services that are not selected. */
  leftOut = 0;
  rejected = 0;
  /** Why spans were rejected, or parts of spans not read. */
  readonly reasons: Reasons = new Set();
  readonly selection: SpanSelection;

  constructor(selection: SpanSelection) {
    this.selection = selection;
  }

  /** Whether no further span is read. */
  get isFull(): boolean {
    return this.spans.length + this.rejected >= MAX_SPANS;
  }

  reject(reason: string, spans = 1): void {
    this.rejected += spans;
    this.reasons.add(reason);
  }
}

/** A resource of an export, in any encoding. What is iterated may be decoded then. */
export interface ResourceSpans<Item> {
  readAttributes(): Attributes;
  /** The names of its instrumentation scopes, and what their spans are read from. */
  readonly scopes: Iterable<{ readonly name: string; readonly spans: Iterable<Item> }>;
}

/**
 * Reads the spans of an `ExportTraceServiceRequest` in steps. `readSpan` may return the same object each time.
 *
 * @throws UnreadableExport
 */
export function* readExport<Item>(
  resources: Iterable<ResourceSpans<Item>>,
  readSpan: (item: Item) => OtlpSpan,
  into: DecodedExport,
): Steps {
  const { selection } = into;
  let messages = 0;
  const endsStep = () => {
    messages += 1;
    return messages % MESSAGES_A_STEP === 0;
  };
  for (const resource of resources) {
    let source: SpanSource | undefined;
    for (const { name, spans } of resource.scopes) {
      let scope: SpanScope | undefined;
      for (const item of spans) {
        if (endsStep()) yield false;
        if (into.isFull) {
          into.reject(TOO_MANY_SPANS);
          continue;
        }
        const span = readSpan(item);
        const reason = reasonToReject(span);
        if (reason !== undefined) {
          into.reject(reason);
          continue;
        }
        // Read only if there are spans, because an export can have far more resources and scopes than spans.
        source ??= toSource(resource.readAttributes(), into);
        scope ??= { source, isTaken: selection.takesScope(cutName(name)) };
        if (source.isTaken) into.spans.push(toReceivedSpan(span, scope, selection.keepsAttribute));
        else into.leftOut += 1;
      }
      if (endsStep()) yield false;
    }
    if (endsStep()) yield false;
  }
}

const TOO_MANY_SPANS = `there are more than ${MAX_SPANS} spans in one request`;
const NO_TRACE_ID = '0'.repeat(32);

function reasonToReject({ traceId, spanId, kind, startNanos }: OtlpSpan): string | undefined {
  if (!isId(traceId, NO_TRACE_ID)) return 'a trace ID is invalid';
  if (!isId(spanId, NO_SPAN_ID)) return 'a span ID is invalid';
  if (kind === UNKNOWN_NAME) return 'the kind of a span is unknown';
  return startNanos === 0 ? 'a span has no start time' : undefined;
}

function isId(id: string, none: string): boolean {
  return id.length === none.length && id !== none;
}

const RESOURCE_CUT = `attributes of a resource are not read beyond ${MAX_MATOMO_ATTRIBUTES} named matomo.*, or ${MAX_RESOURCE_BYTES} bytes`;
const SERVICE = ['service.namespace', 'service.name', 'service.instance.id'];

/** Makes the source that all spans of a resource share. */
function toSource(resource: Attributes, into: DecodedExport): SpanSource {
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

/** Which spans and attributes are used. */
export interface SpanSelection {
  /** Whether an attribute is kept of spans other than server spans. */
  keepsAttribute(name: string): boolean;
  /** Whether any of these has a name that begins with this byte and has so many, up to 127: a check that is cheap. */
  mayKeep(first: number | undefined, bytes: number): boolean;
  /** Whether spans of a service are used. */
  takesService(name: string): boolean;
  /** Whether SERVER spans of an instrumentation scope are requests. If not, they still link other spans to their request. */
  takesScope(name: string): boolean;
}

const LETTER_M = 0x6d; // of `matomo.`

/** Whole names, and regular expressions that are tested anywhere in a name. */
export type Names = readonly (string | RegExp)[];

export function createSelection(
  {
    services,
    scopes,
  }: { readonly services?: Names | undefined; readonly scopes?: Names | undefined },
  { userIdAttribute }: Pick<RequestReading, 'userIdAttribute'>,
): SpanSelection {
  const names = [
    'error.type',
    ...ROUTE_BELOW_ATTRIBUTES,
    ...OPERATION_ATTRIBUTES,
    ...(userIdAttribute === undefined ? [] : [userIdAttribute]),
  ];
  const kept = new Set(names);
  const shapes = new Uint8Array(256 * 128);
  shapes.fill(1, 128 * LETTER_M, 128 * (LETTER_M + 1));
  for (const name of names.map((text) => Buffer.from(text))) {
    if (name.length < 128) shapes[128 * (name[0] ?? 0) + name.length] = 1;
  }
  return {
    keepsAttribute: (name) => name.startsWith('matomo.') || kept.has(name),
    mayKeep: (first = 0, bytes) => shapes[128 * first + bytes] === 1,
    takesService: isAmong(services),
    takesScope: isAmong(scopes),
  };
}

/** Without names, every name is selected. */
function isAmong(names: Names | undefined): (name: string) => boolean {
  if (!names) return () => true;
  return (name) =>
    names.some((wanted) => (typeof wanted === 'string' ? wanted === name : wanted.test(name)));
}

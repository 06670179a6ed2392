import { createHash } from 'node:crypto';
import type { Attributes } from '@opentelemetry/api';
import { textOf } from '../../requests/finished-span.js';
import { OTLP_SERVER_SPAN } from './otlp-span-kind.js';
import {
  bytesOfAttribute,
  ReceivedSpan,
  type SpanFields,
  type SpanSource,
} from './received-span.js';
import type { AttributeFilter, SpanSelection } from './span-selection.js';

// A message of a few bytes must not become objects of many: nothing beyond these limits is kept.
const MAX_SPANS = 50_000;
const MAX_RESOURCES = 50_000;
const MAX_SCOPES = 50_000;
/** Of a span or a resource; SDKs stop at 128 by default. */
const MAX_ATTRIBUTES = 512;
/** As many as one request may have. */
const MAX_HIT_EVENTS = 100;
/** Of an attribute that is a list. */
export const MAX_ITEMS = 128;
/** So many resources, scopes and spans are read before others may have their turn. */
const MESSAGES_A_STEP = 64;
// Every request gets the matomo.* attributes of its resource.
const MAX_MATOMO_ATTRIBUTES = 32;
const MAX_RESOURCE_BYTES = 8192;
/** A resource of so many bytes is charged to none of its spans: most are that small, and many spans share them. */
const FREE_RESOURCE_BYTES = 2048;
/** A longer name is replaced by its digest: every trace has it in its key. */
const MAX_SERVICE_CHARACTERS = 200;

/** The body is no export request. */
export class UnreadableExport extends Error {}

/** The spans of one export request, and why others were rejected. */
export class DecodedExport {
  readonly spans: ReceivedSpan[] = [];
  /** How many hits they make, as far as can be told from each alone. */
  requests = 0;
  /** Roughly the memory of these. */
  requestBytes = 0;
  /** Spans of services that are not selected. */
  leftOut = 0;
  rejected = 0;
  /** Why spans were rejected, or parts of others not read. */
  readonly reasons: Set<string> = new Set();
  /** Of the last span: spans with the same trace ID share one copy of it. */
  #traceId = '';
  #resources = 0;
  #scopes = 0;
  #messages = 0;
  readonly #selection: SpanSelection;

  constructor(selection: SpanSelection) {
    this.#selection = selection;
  }

  /** Whether a span or resource with so many attributes may have another. */
  takesAttribute(count: number): boolean {
    if (count < MAX_ATTRIBUTES) return true;
    this.reasons.add(`attributes beyond the first ${MAX_ATTRIBUTES} are not read`);
    return false;
  }

  /** Whether a span that has so many events for hits already may have another. */
  takesHitEvent(count: number): boolean {
    if (count < MAX_HIT_EVENTS) return true;
    this.reasons.add(`events matomo.hit beyond the first ${MAX_HIT_EVENTS} of a span are not read`);
    return false;
  }

  /** Counts a message that was read; whether a step ends with it. */
  endsStep(): boolean {
    this.#messages += 1;
    return this.#messages % MESSAGES_A_STEP === 0;
  }

  /** Counts a resource; spans of those beyond the bound are rejected. */
  beginResource(): void {
    this.#resources += 1;
  }

  /** Counts an instrumentation scope, in the same way. */
  beginScope(): void {
    this.#scopes += 1;
  }

  /** Whether there is room for another span besides so many that are not added yet; if not, it is counted as rejected. */
  takesSpan(count: number): boolean {
    const reason = this.#findExcess(count);
    if (reason === undefined) return true;
    this.#reject(reason);
    return false;
  }

  #findExcess(count: number): string | undefined {
    if (this.spans.length + this.rejected + count >= MAX_SPANS) return TOO_MANY_SPANS;
    if (this.#resources > MAX_RESOURCES) return TOO_MANY_RESOURCES;
    return this.#scopes > MAX_SCOPES ? TOO_MANY_SCOPES : undefined;
  }

  /** Selects the attributes that are kept of a span of this kind; `undefined`: all. */
  filterFor(kind: number): AttributeFilter | undefined {
    return kind === OTLP_SERVER_SPAN || kind === 0 ? undefined : this.#selection.keptAttributes;
  }

  add(fields: SpanFields, source: SpanSource): void {
    const reason = reasonToReject(fields);
    if (reason !== undefined) this.#reject(reason);
    else if (source.isTaken) this.#take(fields, source);
    else this.leftOut += 1;
  }

  #take(fields: SpanFields, source: SpanSource): void {
    const attributes =
      fields.kind === OTLP_SERVER_SPAN ? fields.attributes : this.#kept(fields.attributes);
    const { exceptionType, hitEvents } = fields;
    if (attributes === NO_ATTRIBUTES && exceptionType === undefined && hitEvents.length === 0)
      clearContents(fields);
    this.#traceId = fields.traceId === this.#traceId ? this.#traceId : fields.traceId;
    fields.traceId = this.#traceId;
    const span = new ReceivedSpan(fields, source, attributes, this.#selection);
    this.spans.push(span);
    const hits = hitEvents.length + (span.isRequest ? 1 : 0);
    if (hits === 0) return;
    this.requests += hits;
    this.requestBytes += span.bytes;
  }

  /** The source of all spans of a resource. */
  toSource(resource: Attributes): SpanSource {
    const attributes: Attributes = {};
    let matomoAttributes: Attributes | undefined;
    let left = MAX_ATTRIBUTES;
    let matomoLeft = MAX_MATOMO_ATTRIBUTES;
    let bytes = 0;
    for (const name in resource) {
      const size = bytesOfAttribute(name, resource[name]);
      const isForMatomo = name.startsWith('matomo.');
      if ((isForMatomo ? matomoLeft : left) === 0 || bytes + size > MAX_RESOURCE_BYTES) {
        this.reasons.add(RESOURCE_CUT);
        continue;
      }
      bytes += size;
      if (isForMatomo) {
        matomoLeft -= 1;
        matomoAttributes ??= {};
        matomoAttributes[name] = resource[name];
      } else {
        left -= 1;
        attributes[name] = resource[name];
      }
    }
    return {
      attributes,
      matomoAttributes,
      extraBytes: Math.max(0, bytes - FREE_RESOURCE_BYTES),
      isPython: resource['telemetry.sdk.language'] === 'python',
      service: toServiceKey(SERVICE.map((name) => textOf(resource[name]) ?? '').join('\0')),
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

/** Such a span only links other spans to their request. */
function clearContents(fields: SpanFields): void {
  fields.name = '';
  fields.startNanos = 0n;
  fields.endNanos = 0n;
}

const NO_ATTRIBUTES: Attributes = Object.freeze({});
const TOO_MANY_SPANS = `there are more than ${MAX_SPANS} spans in one request`;
const TOO_MANY_RESOURCES = `there are more than ${MAX_RESOURCES} resources in one request`;
const TOO_MANY_SCOPES = `there are more than ${MAX_SCOPES} scopes in one request`;
const RESOURCE_CUT = `of a resource at most ${MAX_ATTRIBUTES} attributes, ${MAX_MATOMO_ATTRIBUTES} of them for Matomo, and ${MAX_RESOURCE_BYTES} bytes are read`;

const NO_TRACE_ID = '0'.repeat(32);
const NO_SPAN_ID = '0'.repeat(16);

/** IDs are hexadecimal, or empty. */
function reasonToReject({ traceId, spanId, startNanos }: SpanFields): string | undefined {
  if (traceId.length !== 32 || traceId === NO_TRACE_ID) return 'a trace ID is not valid';
  if (spanId.length !== 16 || spanId === NO_SPAN_ID) return 'a span ID is not valid';
  return startNanos === 0n ? 'a span has no start time' : undefined;
}

function toServiceKey(service: string): string {
  if (service.length <= MAX_SERVICE_CHARACTERS) return service;
  return createHash('sha256').update(service).digest('hex');
}

const SERVICE = ['service.namespace', 'service.name', 'service.instance.id'];

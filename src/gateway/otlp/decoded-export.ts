import { createHash } from 'node:crypto';
import type { Attributes } from '@opentelemetry/api';
import { textOf } from '../../requests/finished-span.js';
import {
  bytesOfAttribute,
  ReceivedSpan,
  type SpanFields,
  type SpanSource,
} from './received-span.js';
import type { AttributeFilter, SpanSelection } from './span-selection.js';

// A message of a few bytes must not become objects of many: what is beyond these is not kept.
const MAX_SPANS = 50_000;
const MAX_RESOURCES = 50_000;
const MAX_SCOPES = 50_000;
/** Of a span or a resource; SDKs stop at 128 by default. */
const MAX_ATTRIBUTES = 512;
/** Of an attribute that is a list. */
export const MAX_ITEMS = 128;
/** So many resources, scopes and spans are read before others may have their turn. */
const MESSAGES_A_STEP = 64;
// Every request is given what its resource says for Matomo.
const MAX_SAID_ATTRIBUTES = 32;
const MAX_RESOURCE_BYTES = 8192;
/** A resource of so many bytes is charged to none of its spans: most are that small, and many spans share them. */
const FREE_RESOURCE_BYTES = 2048;
/** A longer name is replaced by its digest: every trace has it in its key. */
const MAX_SERVICE_CHARACTERS = 200;

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
  #resources = 0;
  #scopes = 0;
  #messages = 0;
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

  /** Whether there is room for another span besides so many that have not been added yet; counts it if there is none. */
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
    let left = MAX_ATTRIBUTES;
    let leftToSay = MAX_SAID_ATTRIBUTES;
    let bytes = 0;
    for (const name in resource) {
      const size = bytesOfAttribute(name, resource[name]);
      const isSaid = name.startsWith('matomo.');
      if ((isSaid ? leftToSay : left) === 0 || bytes + size > MAX_RESOURCE_BYTES) {
        this.reasons.add(RESOURCE_CUT);
        continue;
      }
      bytes += size;
      if (isSaid) {
        leftToSay -= 1;
        said ??= {};
        said[name] = resource[name];
      } else {
        left -= 1;
        attributes[name] = resource[name];
      }
    }
    return {
      attributes,
      said,
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

/** What such a span is needed for is only the way from others to their request. */
function forgetWhatIsSaid(fields: SpanFields): void {
  fields.name = '';
  fields.startNanos = 0n;
  fields.endNanos = 0n;
}

const SERVER = 2; // SPAN_KIND_SERVER
const NO_ATTRIBUTES: Attributes = Object.freeze({});
const TOO_MANY_SPANS = `there are more than ${MAX_SPANS} spans in one request`;
const TOO_MANY_RESOURCES = `there are more than ${MAX_RESOURCES} resources in one request`;
const TOO_MANY_SCOPES = `there are more than ${MAX_SCOPES} scopes in one request`;
const RESOURCE_CUT = `of a resource at most ${MAX_ATTRIBUTES} attributes, ${MAX_SAID_ATTRIBUTES} of them for Matomo, and ${MAX_RESOURCE_BYTES} bytes are read`;

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

import { environment } from '../common/environment.js';
import type { Attributes, AttributeValue } from '../common/otel-types.js';
import type { AdditionalHit } from '../hit/additional-hit.js';
import { Annotations, hasAnnotations } from '../hit/http-request.js';
import { toSiteId } from '../hit/parameters/parameter-values.js';
import { type FinishedSpan, textOf, toMillis } from './finished-span.js';

/** Name of a span event that is sent as an additional hit. */
export const HIT_EVENT = 'matomo.hit';

/**
 * The maximum number of additional hits per request or received
 * span. A loop that calls `trackEvent` must not flood Matomo.
 */
export const MAX_ADDITIONAL_HITS = 100;

export const PREFIX = 'matomo.';
const CVAR_PREFIX = 'matomo.cvar.';

/** Whether a span has an event `matomo.hit`. */
export function hasHitEvent({ events }: FinishedSpan): boolean {
  return events?.some(({ name }) => name === HIT_EVENT) === true;
}

/** The hits in the events of a span, in order. */
export function hitsOfEvents(span: FinishedSpan): AdditionalHit[] {
  const hits: AdditionalHit[] = [];
  for (const { name, attributes = {}, time } of span.events ?? []) {
    if (name !== HIT_EVENT) continue;
    const epochMillis = time ? toMillis(time) : toMillis(span.startTime) + toMillis(span.duration);
    hits.push({ parameters: parametersOf(attributes), epochMillis });
  }
  return hits;
}

function parametersOf(attributes: Attributes): Record<string, unknown> {
  const read: ReadAttributes = { parameters: undefined, cvar: undefined };
  for (const name in attributes) readAttribute(read, name, attributes[name]);
  const { parameters = Object.create(null), cvar } = read;
  if (cvar) parameters.cvar = cvar;
  return parameters;
}

type ReadAttributes = Pick<Annotations, 'parameters' | 'cvar'>;

/** Adds the annotation of one attribute if its name begins with `matomo.`. */
function readAttribute(
  read: ReadAttributes,
  name: string,
  value: AttributeValue | undefined,
): void {
  if (name.startsWith(CVAR_PREFIX)) {
    read.cvar ??= Object.create(null) as Record<string, unknown>;
    read.cvar[name.slice(CVAR_PREFIX.length)] = value;
  } else if (name.startsWith(PREFIX)) {
    read.parameters ??= Object.create(null) as Record<string, unknown>;
    read.parameters[name.slice(PREFIX.length)] = value;
  }
}

/** Names the attribute that turns the duration of its span into a timing of the page view. */
export const PERF_KEY_ATTRIBUTE = 'matomo.perf_key';

/** Adds the annotation of one attribute if its name begins with `matomo.`, including `matomo.ignore`. */
export function annotateWith(annotations: Annotations, name: string, value: AttributeValue): void {
  if (name !== 'matomo.ignore') readAttribute(annotations, name, value);
  else if (value === true || value === 'true' || value === 1) annotations.ignored = true;
}

/** The resource of a span, as OpenTelemetry SDK 1.30, 2.x and 3.x or an OTLP export provides it. */
export interface SpanResource {
  /** The attributes. Missing in spans of some other tracers. */
  readonly attributes?: Attributes | undefined;
  /** Whether some attributes are not known yet. */
  readonly asyncAttributesPending?: boolean | undefined;
  /** Exists in SDK 2 and 3. A value that is not a promise is already known. */
  getRawAttributes?(): readonly (readonly [name: string, value: unknown])[];
}

/** The defaults that a resource sets for all requests of a service. */
export interface ServiceDefaults {
  /** `service.name`, if it has one. */
  readonly name: string | undefined;
  readonly attributes: Attributes;
  /** Annotations from attributes `matomo.*` of the resource, if there are any. */
  readonly annotations: Annotations | undefined;
  /** The site in `matomo.idsite`. */
  readonly site: number | undefined;
}

const known = new WeakMap<SpanResource, ServiceDefaults>();
let ofEnvironment: ServiceDefaults | undefined;

/** The defaults of a resource. Without a resource, the environment variables of OpenTelemetry provide the attributes. */
export function serviceDefaultsOf(resource: SpanResource | undefined): ServiceDefaults {
  if (resource === undefined) {
    ofEnvironment ??= toDefaults(readEnvironment(environment()));
    return ofEnvironment;
  }
  const found = known.get(resource);
  if (found) return found;
  if (resource.asyncAttributesPending) return toDefaults(attributesSoFar(resource));
  const defaults = toDefaults(resource.attributes ?? {});
  known.set(resource, defaults);
  return defaults;
}

function toDefaults(attributes: Attributes): ServiceDefaults {
  const annotations = new Annotations();
  for (const [name, value] of Object.entries(attributes))
    if (name !== PERF_KEY_ATTRIBUTE && value !== undefined) annotateWith(annotations, name, value);
  const isAnnotated = hasAnnotations(annotations);
  const site = toSiteId(annotations.parameters?.idsite);
  const name = textOf(attributes['service.name']);
  return { name, attributes, annotations: isAnnotated ? annotations : undefined, site };
}

/** The attributes that are already known. SDK 2 and 3 log an error if `attributes` is read too early. */
function attributesSoFar(resource: SpanResource): Attributes {
  const raw = resource.getRawAttributes?.();
  if (!raw) return resource.attributes ?? {};
  const values = raw.filter(([, value]) => value != null && !(value instanceof Promise));
  // The first attribute of a name wins.
  return Object.fromEntries([...values].reverse()) as Attributes;
}

/** Reads OTEL_RESOURCE_ATTRIBUTES, a list of `name=value` with percent-encoded values. OTEL_SERVICE_NAME takes precedence. */
function readEnvironment({
  OTEL_RESOURCE_ATTRIBUTES: list = '',
  OTEL_SERVICE_NAME: service = '',
}: NodeJS.ProcessEnv): Attributes {
  const attributes: Record<string, string> = Object.create(null);
  for (const pair of list.split(',')) {
    const [, name, value] = /^\s*([^=]+?)\s*=(.*)$/.exec(pair) ?? [];
    if (name !== undefined && value !== undefined) attributes[name] = decode(value.trim());
  }
  if (service.trim() !== '') attributes['service.name'] = service.trim();
  return attributes;
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

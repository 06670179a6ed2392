import type { Attributes } from '../common/otel-types.js';
import { Annotations, hasAnnotations } from '../hit/http-request.js';
import { toSiteId } from '../hit/parameters/parameter-value.js';
import { annotateFrom } from './span-annotations.js';

/** The resource of a span, described structurally: that of OpenTelemetry SDK 1.30, 2.x and 3.x, or that of an export. */
export interface SpanResource {
  /** Missing in spans of some other tracers. */
  readonly attributes?: Attributes | undefined;
  /** Some attributes are not known yet. */
  readonly asyncAttributesPending?: boolean | undefined;
  /** In SDK 2 and 3: attributes that are known already have a value that is no promise. */
  getRawAttributes?(): readonly (readonly [name: string, value: unknown])[];
}

/** What the resource of a service says of all of its requests. */
export interface ServiceDefaults {
  readonly attributes: Attributes;
  /** From its attributes `matomo.*`, if it has any. */
  readonly annotations: Annotations | undefined;
  /** From `matomo.idsite`. */
  readonly site: number | undefined;
}

const known = new WeakMap<SpanResource, ServiceDefaults>();
let ofEnvironment: ServiceDefaults | undefined;

/** Without a resource, those of the variables that OpenTelemetry reads. */
export function serviceDefaultsOf(resource: SpanResource | undefined): ServiceDefaults {
  if (resource === undefined) {
    ofEnvironment ??= toDefaults(readEnvironment(process.env));
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
  annotateFrom(annotations, attributes);
  const isAnnotated = annotations.ignored || hasAnnotations(annotations);
  const site = toSiteId(annotations.parameters?.idsite);
  return { attributes, annotations: isAnnotated ? annotations : undefined, site };
}

/** SDK 2 and 3 log an error if `attributes` is read too early. */
function attributesSoFar(resource: SpanResource): Attributes {
  const raw = resource.getRawAttributes?.();
  if (!raw) return resource.attributes ?? {};
  const values = raw.filter(([, value]) => value != null && !(value instanceof Promise));
  // The first one of a name wins.
  return Object.fromEntries([...values].reverse()) as Attributes;
}

/** OTEL_RESOURCE_ATTRIBUTES is a list of `name=value` with percent-encoded values; OTEL_SERVICE_NAME wins. */
function readEnvironment({
  OTEL_RESOURCE_ATTRIBUTES: list = '',
  OTEL_SERVICE_NAME: service = '',
}: NodeJS.ProcessEnv): Attributes {
  const attributes: Record<string, string> = {};
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

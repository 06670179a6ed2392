import type { Attributes, AttributeValue } from '../common/otel-types.js';
import type { FurtherHit } from '../hit/further-hit.js';
import type { Annotations } from '../hit/http-request.js';
import { type FinishedSpan, toMillis } from './finished-span.js';

/** Name of a span event that adds a hit besides the page view. */
export const HIT_EVENT = 'matomo.hit';

/** A request, or a received span, may have so many further hits: a loop that calls `trackEvent` must not flood Matomo. */
export const MAX_FURTHER_HITS = 100;

/** Of attributes for Matomo. */
export const PREFIX = 'matomo.';
const CVAR_PREFIX = 'matomo.cvar.';

/** The attributes of an event that adds a hit. */
export function toEventAttributes(
  parameters: Readonly<Record<string, unknown>>,
): Record<string, string | number | boolean> {
  const attributes: Record<string, string | number | boolean> = {};
  function add(prefix: string, values: object): void {
    for (const [name, value] of Object.entries(values)) {
      if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
        attributes[prefix + name] = value;
    }
  }
  const { cvar, ...others } = parameters;
  add(PREFIX, others);
  add(CVAR_PREFIX, cvar ?? {});
  return attributes;
}

/** Whether a span has such an event. Called for every span of the application. */
export function hasHitEvent({ events }: FinishedSpan): boolean {
  if (events === undefined || events.length === 0) return false;
  return events.some(({ name }) => name === HIT_EVENT);
}

/** The hits in the events of a span, in order. */
export function hitsOfEvents(span: FinishedSpan): FurtherHit[] {
  const hits: FurtherHit[] = [];
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

/** What attributes for Matomo set. */
type ReadAttributes = Pick<Annotations, 'parameters' | 'cvar'>;

/** Adds what one attribute sets, if it is for Matomo. */
export function readAttribute(
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

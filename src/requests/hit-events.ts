import type { FurtherHit } from '../hit/further-hit.js';
import { type FinishedSpan, toMillis } from './finished-span.js';

/** Name of a span event that adds a hit besides the page view. */
export const HIT_EVENT = 'matomo.hit';

const PREFIX = 'matomo.';
const CVAR_PREFIX = 'matomo.cvar.';

/** The attributes of an event that adds a hit. */
export function toEventAttributes(
  parameters: Readonly<Record<string, unknown>>,
): Record<string, string | number | boolean> {
  const attributes: Record<string, string | number | boolean> = {};
  const { cvar, ...others } = parameters;
  const named = [
    ...Object.entries(others).map(([name, value]) => [PREFIX + name, value] as const),
    ...Object.entries(cvar ?? {}).map(([name, value]) => [CVAR_PREFIX + name, value] as const),
  ];
  for (const [name, value] of named) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      attributes[name] = value;
    }
  }
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

function parametersOf(attributes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const parameters: Record<string, unknown> = Object.create(null);
  let cvar: Record<string, unknown> | undefined;
  for (const name in attributes) {
    if (name.startsWith(CVAR_PREFIX)) {
      cvar ??= Object.create(null) as Record<string, unknown>;
      cvar[name.slice(CVAR_PREFIX.length)] = attributes[name];
    } else if (name.startsWith(PREFIX)) parameters[name.slice(PREFIX.length)] = attributes[name];
  }
  if (cvar) parameters.cvar = cvar;
  return parameters;
}

/** Name of a span event that adds a hit besides the page view. */
export const HIT_EVENT = 'matomo.hit';

export const PREFIX = 'matomo.';
export const CVAR_PREFIX = 'matomo.cvar.';

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

import type { MappedDimensions, PlanStep } from './make-plan.js';
import { findDimension } from './make-plan.js';
import type { MatomoState } from './read-site.js';
import type { Wanted } from './wanted.js';

/** Printed instead of the token that setup used. */
const TOKEN_PLACEHOLDER = '<your token>';
/** Printed if that token cannot be used for tracking. */
const OTHER_TOKEN_PLACEHOLDER = '<token with write access>';

/** The variables that an application needs for this site, as far as IDs are known. */
export function toEnvironment(
  url: URL,
  state: MatomoState,
  wanted: Wanted,
  mapped: MappedDimensions,
): Record<string, string> {
  if (state.site === undefined) return {};
  const dimensions = toDimensions(state, wanted, mapped);
  return {
    MATOMO_URL: url.href.replace(/\/matomo\.php$/, ''),
    MATOMO_SITE_ID: String(state.site.id),
    MATOMO_TOKEN_AUTH: state.role === 'view' ? OTHER_TOKEN_PLACEHOLDER : TOKEN_PLACEHOLDER,
    ...(dimensions !== '' && { MATOMO_DIMENSIONS: dimensions }),
    // Matomo would drop them.
    ...(!state.hasCustomVariables && { MATOMO_MAX_CUSTOM_VARIABLES: '0' }),
  };
}

/** Formats variables for a POSIX shell. */
export function toExportLines(environment: Readonly<Record<string, string>>): string[] {
  return Object.entries(environment).map(([name, value]) => `export ${name}=${quote(value)}`);
}

/** Whether a step is still to be done. */
export function isPending({ action }: PlanStep): boolean {
  return action === 'create' || action === 'reactivate';
}

/** The value of MATOMO_DIMENSIONS. Its entries for other attributes are kept. */
function toDimensions(state: MatomoState, wanted: Wanted, mapped: MappedDimensions): string {
  const found = wanted.dimensions.flatMap((dimension) => {
    const { id } = findDimension(state, dimension, mapped) ?? {};
    return id === undefined ? [] : [[String(id), dimension.attribute] as const];
  });
  const attributes = new Set<unknown>(found.map(([, attribute]) => attribute));
  const others = Object.entries(mapped).filter(([, attribute]) => !attributes.has(attribute));
  const all = Object.entries({ ...Object.fromEntries(others), ...Object.fromEntries(found) });
  return all.map(([id, attribute]) => `${id}=${String(attribute)}`).join(',');
}

function quote(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}

import { findDimension } from './make-plan.js';
import type { MatomoState } from './read-site.js';
import type { Wanted } from './wanted.js';

/** The variables that an application needs for this site, as far as IDs are known. */
export function toEnvironment(
  url: URL,
  state: MatomoState,
  wanted: Wanted,
): Record<string, string> {
  if (state.site === undefined) return {};
  const dimensions = toMapping(state, wanted);
  return {
    MATOMO_URL: folderOf(url),
    MATOMO_SITE_ID: String(state.site.id),
    // Instead of the token that setup used. If its user may only view, it cannot be used for tracking.
    MATOMO_TOKEN_AUTH: state.role === 'view' ? '<token with write access>' : '<your token>',
    ...(dimensions !== '' && { MATOMO_DIMENSIONS: dimensions }),
    // Matomo would drop them.
    ...(!state.hasCustomVariables && { MATOMO_MAX_CUSTOM_VARIABLES: '0' }),
  };
}

/** A URL of `matomo.php` as users write it. */
export function folderOf({ href }: URL): string {
  return href.replace(/\/matomo\.php$/, '');
}

const SUGGESTION =
  '# MATOMO_URL_PATHS=template is for APIs: if paths have IDs, most of the report Pages is "Others" without it';

/** Formats variables for a POSIX shell, with a suggestion below; empty without variables. */
export function toExportLines(environment: Readonly<Record<string, string>>): string[] {
  const variables = Object.entries(environment);
  if (variables.length === 0) return [];
  return [...variables.map(([name, value]) => `export ${name}=${quote(value)}`), SUGGESTION];
}

/** The value of MATOMO_DIMENSIONS. Its entries are kept, unless the site has no dimension with that ID and another one for the attribute. */
function toMapping(state: MatomoState, wanted: Wanted): string {
  const found = wanted.dimensions.flatMap((dimension) => {
    const { id } = findDimension(state, dimension, wanted) ?? {};
    return id === undefined ? [] : [[String(id), dimension.attribute] as const];
  });
  const attributes = new Set<unknown>(found.map(([, attribute]) => attribute));
  const ids = new Set(state.dimensions.map(({ id }) => String(id)));
  const kept = Object.entries(wanted.mapped).filter(
    ([id, attribute]) => ids.has(id) || !attributes.has(attribute),
  );
  const all = Object.entries(Object.fromEntries([...found, ...kept]));
  return all.map(([id, attribute]) => `${id}=${String(attribute)}`).join(',');
}

function quote(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}

import { show } from '../../common/diagnostics.js';
import type { ResolvedOptions } from '../../options/option-table.js';
import type { Dimension } from '../matomo-api/api-values.js';
import { COMMAND, KNOWN_DIMENSIONS } from '../setup/wanted.js';
import { type Finding, ONLY_API, ok, problem, unknown, warning } from './checks.js';
import type { SiteSettings } from './questions.js';

const DIMENSIONS_PAGE = 'Administration > Websites > Custom Dimensions';
/** If Matomo drops status and method. */
const RUN_SETUP = `Run ${COMMAND}, which creates custom dimensions for them and prints what to configure.`;

/** Whether Matomo stores custom variables and dimensions. Only its API tells, which needs a token; the tracker does not. */
export function checkFields(
  options: ResolvedOptions,
  settings: SiteSettings | undefined,
): { readonly findings: Finding[]; readonly isKnown: boolean } {
  // Only page views have variables and dimensions.
  const parts = options.pageViews
    ? [checkVariables(options, settings), checkDimensions(options, settings)]
    : [];
  return { findings: parts.flatMap((part) => part ?? []), isKnown: !parts.includes(undefined) };
}

/** The finding after a hit was stored, if its status and method may be missing. */
export function fieldsUnknown(): Finding {
  const found = `cannot tell whether status and method are stored: ${ONLY_API}`;
  const advice = `${RUN_SETUP} Or check CustomVariables and CustomDimensions in Administration > Plugins, and ${DIMENSIONS_PAGE}.`;
  return unknown('fields', found, advice);
}

/** `undefined`: not known. */
function checkVariables(
  { maxCustomVariables }: ResolvedOptions,
  settings: SiteSettings | undefined,
): Finding[] | undefined {
  if (maxCustomVariables === 0) return [];
  if (settings?.hasCustomVariables === undefined) return undefined;
  if (settings.hasCustomVariables) return [ok('fields', 'the plugin CustomVariables is active')];
  const found =
    'the plugin CustomVariables is not active: Matomo drops custom variables, and with them status and method';
  const advice = `${RUN_SETUP} Or send them as custom dimensions (MATOMO_DIMENSIONS) and set MATOMO_MAX_CUSTOM_VARIABLES=0, or install the plugin from the Marketplace.`;
  return [warning('fields', 'fields-dropped', found, advice)];
}

function checkDimensions(
  { dimensions, siteId }: ResolvedOptions,
  settings: SiteSettings | undefined,
): Finding[] | undefined {
  const mapped = Object.entries(dimensions);
  if (mapped.length === 0) return [];
  if (settings?.hasCustomDimensions === false) {
    const found = 'the plugin CustomDimensions is not active: Matomo drops all dimensions';
    const advice = 'Activate it in Administration > Plugins; Matomo includes it.';
    return [warning('fields', 'fields-dropped', found, advice)];
  }
  if (settings?.dimensions === undefined) return undefined;
  const byId = new Map(settings.dimensions.map((dimension) => [String(dimension.id), dimension]));
  const findings = mapped.flatMap(([id, attribute]) => {
    const dimension = byId.get(id);
    return dimension?.scope === 'action' && dimension.isActive
      ? checkName(dimension, attribute, siteId)
      : warnOfDropped(id, attribute, dimension, siteId);
  });
  if (findings.length > 0) return findings;
  const named = mapped.map(([id, attribute]) => `${id} ${show(byId.get(id)?.name)} (${attribute})`);
  return [ok('fields', `site ${siteId} has ${nameOf('dimension', named)}`)];
}

function warnOfDropped(
  id: string,
  attribute: unknown,
  dimension: Dimension | undefined,
  siteId: ResolvedOptions['siteId'],
): Finding {
  const isInactive = dimension?.scope === 'action';
  const drops = 'Matomo drops its values';
  const found = isInactive
    ? `dimension ${id} of site ${siteId} is inactive: ${drops}`
    : dimension
      ? `dimension ${id} of site ${siteId} has scope ${dimension.scope}, not action: Matomo does not store its value for each request`
      : `site ${siteId} has no dimension ${id}: ${drops}`;
  const byHand = isInactive
    ? `Activate dimension ${id} in ${DIMENSIONS_PAGE}.`
    : `Create an action dimension in ${DIMENSIONS_PAGE}, and use its ID in MATOMO_DIMENSIONS.`;
  const { command } = KNOWN_DIMENSIONS.get(attribute) ?? {};
  const run = `Run ${command}, which creates or reactivates it and prints what to configure. By hand: `;
  return warning('fields', 'fields-dropped', found, `${command ? run : ''}${byHand}`);
}

/** Another one may have been meant: Matomo stores any value in any dimension. */
function checkName(
  { id, name }: Dimension,
  attribute: unknown,
  siteId: ResolvedOptions['siteId'],
): Finding[] {
  if (typeof attribute !== 'string') return [];
  const known = KNOWN_DIMENSIONS.get(attribute);
  const meant = wordsOf(`${attribute} ${known?.name ?? ''}`);
  if (wordsOf(name).some((word) => meant.includes(word))) return [];
  const found = `dimension ${id} of site ${siteId} is called ${show(name)} and gets ${attribute}`;
  const advice = 'If it is meant for something else, correct MATOMO_DIMENSIONS.';
  return [warning('fields', 'dimension-name', found, advice)];
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[^\s._-]+/g) ?? [];
}

function nameOf(what: string, ids: readonly (string | number)[]): string {
  return `${what}${ids.length === 1 ? '' : 's'} ${ids.join(', ')}`;
}

/** Whether the site has these goals: Matomo rejects conversions of others. */
export function checkGoals(
  { siteId }: ResolvedOptions,
  goals: readonly number[],
  settings: SiteSettings | undefined,
): Finding {
  const known = settings?.goals;
  if (known === undefined) {
    const found = `cannot tell which goals site ${siteId} has: ${ONLY_API}`;
    return unknown('goals', found, 'Compare the IDs in Goals > Manage Goals.');
  }
  const missing = goals.filter((id) => !known.includes(id));
  if (missing.length === 0) return ok('goals', `site ${siteId} has ${nameOf('goal', goals)}`);
  const has = known.length === 0 ? 'has no goals' : `has only ${nameOf('goal', known)}`;
  const found = `site ${siteId} ${has}: Matomo rejects conversions of ${nameOf('goal', missing)}`;
  const advice = 'Create them in Goals > Manage Goals, or correct the IDs in trackGoal.';
  return problem('goals', 'hits-invalid', found, advice);
}

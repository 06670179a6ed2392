import { show } from '../../common/diagnostics.js';
import type { ResolvedOptions } from '../../options/option-table.js';
import type { Dimension, MatomoSite } from '../matomo-site.js';
import { WANTED } from '../setup-plan.js';
import { type Finding, nameOf, ok, unknown, warning } from './checks.js';

const DIMENSIONS_PAGE = 'Administration > Websites > Custom Dimensions';
const RUN_SETUP =
  'Run npx opentelemetry-matomo setup, which creates custom dimensions for them and prints what to configure.';

/** Checks whether Matomo stores custom variables and dimensions. Only its API reports that, and the API needs a token. */
export function checkFields(
  options: ResolvedOptions,
  settings: MatomoSite | undefined,
): readonly Finding[] {
  // Only page views have variables and dimensions.
  if (!options.pageViews) return [];
  const parts = [checkVariables(options, settings), checkDimensions(options, settings)];
  const findings = parts.flatMap((part) => part ?? []);
  if (!parts.includes(undefined)) return findings;
  const found =
    "cannot tell whether status and method are stored: only Matomo's API says, and it needs a token with access";
  const advice = `${RUN_SETUP} Or check CustomVariables and CustomDimensions in Administration > Plugins, and ${DIMENSIONS_PAGE}.`;
  return [...findings, unknown('fields', found, advice)];
}

function checkVariables(
  { maxCustomVariables }: ResolvedOptions,
  settings: MatomoSite | undefined,
): Finding[] | undefined {
  if (maxCustomVariables === 0) return [];
  if (settings?.plugins.CustomVariables === undefined) return undefined;
  if (settings.plugins.CustomVariables)
    return [ok('fields', 'the plugin CustomVariables is active')];
  const found =
    'the plugin CustomVariables is not active: Matomo drops custom variables, and with them status and method';
  const advice = `${RUN_SETUP} Or send them as custom dimensions (MATOMO_DIMENSIONS) and set MATOMO_MAX_CUSTOM_VARIABLES=0, or install the plugin from the Marketplace.`;
  return [warning('fields', 'fields-dropped', found, advice)];
}

function checkDimensions(
  { dimensions, siteId }: ResolvedOptions,
  settings: MatomoSite | undefined,
): Finding[] | undefined {
  const mapped = Object.entries(dimensions);
  if (mapped.length === 0) return [];
  if (settings?.plugins.CustomDimensions === false) {
    const found = 'the plugin CustomDimensions is not active: Matomo drops all dimensions';
    const advice = 'Activate it in Administration > Plugins; Matomo includes it.';
    return [warning('fields', 'fields-dropped', found, advice)];
  }
  if (settings?.dimensions === undefined) return undefined;
  const byId = new Map(settings.dimensions.map((dimension) => [String(dimension.id), dimension]));
  const findings = mapped.flatMap(([id, attribute]) => {
    const dimension = byId.get(id);
    const isStored = dimension?.scope === 'action' && dimension.isActive;
    return isStored ? [] : warnOfDropped(id, attribute, dimension, siteId);
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
  const isOfSetup = dimension === undefined && String(attribute) in WANTED;
  const run = 'Run npx opentelemetry-matomo setup, which creates it. By hand: ';
  return warning('fields', 'fields-dropped', found, `${isOfSetup ? run : ''}${byHand}`);
}

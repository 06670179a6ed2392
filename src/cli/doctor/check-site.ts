import { show } from '../../common/diagnostics.js';
import type { ResolvedOptions } from '../../options/option-table.js';
import {
  ApiFailure,
  type ApiObject,
  type ApiResult,
  type Dimension,
  isTrue,
  listOf,
  objectOf,
} from '../matomo-api.js';
import { COMMAND, KNOWN_DIMENSIONS } from '../setup/wanted.js';
import { type Finding, nameOf, ONLY_API, ok, problem, unknown, warning } from './checks.js';
import { callAll, type SiteSettings } from './questions.js';

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

/** The share of a report that may be in its rows "Others". */
const MAX_OTHERS = 0.1;

const LIMITS =
  'add to the section [General] of config.ini.php, whose defaults are 500 and 100: datatable_archiving_maximum_rows_actions = 5000 and datatable_archiving_maximum_rows_subtable_actions = 5000';

/** What the reports of a site do not show. The token must be one that Matomo has accepted before. */
export async function checkReports(options: ResolvedOptions): Promise<Finding[]> {
  const idSite = String(options.siteId);
  const yesterday = { period: 'day', date: 'yesterday' };
  const params = { idSite, ...yesterday, flat: '1', filter_limit: '-1', showColumns: 'nb_hits' };
  const orders = { idSite, idGoal: 'ecommerceOrder', period: 'day', date: 'last7' };
  const results = await callAll(options, [
    { method: 'Actions.getPageUrls', params },
    { method: 'Actions.getPageTitles', params },
    { method: 'SitesManager.getSiteFromId', params: { idSite } },
    { method: 'Goals.get', params: orders },
  ]);
  const unclear = `cannot tell how much of the reports of site ${idSite} is in rows "Others"`;
  if (results instanceof ApiFailure) {
    return [unknown('reports', `${unclear}: ${results.message}`, `${results.advice}.`)];
  }
  const [urls, titles, site, sales] = results;
  const others = [
    ...checkOthers(`Pages of site ${idSite}`, urls, `Set MATOMO_URL_PATHS=template, or ${LIMITS}.`),
    ...checkOthers(
      `Page titles of site ${idSite}`,
      titles,
      `Make titles without IDs and names (docs/titles.md in this package), or ${LIMITS}.`,
    ),
  ];
  if (others.length === 0) {
    const advice = 'Run doctor again when the site has a day of page views.';
    others.push(unknown('reports', `${unclear}: Matomo shows none of yesterday`, advice));
  }
  // Without e-commerce, a site stores orders and shows no report of them.
  const count = sumOf(listOf(sales), 'nb_conversions');
  if (count === 0 || site?.kind !== 'value' || isTrue(objectOf(site).ecommerce)) return others;
  const found = `Ecommerce is not enabled for site ${idSite}, which got ${count} ${count === 1 ? 'order' : 'orders'} in the last 7 days: no report shows them`;
  const advice = 'Enable Ecommerce for the site in Administration > Websites > Manage.';
  return [...others, warning('reports', 'no-ecommerce', found, advice)];
}

/** Matomo adds up the rows for which a report has no room. Empty if it does not show the report. */
function checkOthers(report: string, result: ApiResult | undefined, advice: string): Finding[] {
  const rows = listOf(result);
  const hits = sumOf(rows, 'nb_hits');
  if (hits === 0) return [];
  const summary = rows.filter((row) => isTrue(row.is_summary));
  const share = sumOf(summary, 'nb_hits') / hits;
  const found = `${Math.round(share * 100)} % of yesterday's report ${report} is "Others"`;
  if (share <= MAX_OTHERS) return [ok('reports', found)];
  return [warning('reports', 'report-others', found, advice)];
}

function sumOf(rows: readonly ApiObject[], column: string): number {
  return rows.reduce((sum, row) => sum + (Number(row[column]) || 0), 0);
}

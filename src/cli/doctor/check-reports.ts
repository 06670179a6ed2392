import type { ResolvedOptions } from '../../options/option-table.js';
import { ApiFailure, type ApiResult } from '../matomo-api/api-client.js';
import { type ApiObject, isTrue, listOf, objectOf } from '../matomo-api/api-values.js';
import { type Finding, ok, unknown, warning } from './checks.js';
import { callAll } from './questions.js';

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
  const [urls, titles, site, sales] = results instanceof ApiFailure ? [] : results;
  const others = [
    ...checkOthers(`Pages of site ${idSite}`, urls, `Set MATOMO_URL_PATHS=template, or ${LIMITS}.`),
    ...checkOthers(
      `Page titles of site ${idSite}`,
      titles,
      `Make titles without IDs and names (docs/titles.md), or ${LIMITS}.`,
    ),
  ];
  if (others.length === 0) {
    const found = `cannot tell how much of the reports of site ${idSite} is in rows "Others": Matomo shows none of yesterday`;
    const advice = 'Run doctor again when the site has a day of page views.';
    others.push(unknown('reports', found, advice));
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

import { show } from '../../common/diagnostics.js';
import { unescapeHtml } from '../../common/unescape-html.js';
import {
  ACCESS,
  type ApiCall,
  type ApiClient,
  ApiFailure,
  type ApiResult,
  getDimensions,
  isPluginActivated,
  isTrue,
  listOf,
  objectOf,
  readAccess,
  readFlag,
  readName,
  readVersion,
  readWord,
  toDimension,
} from '../matomo-api.js';
import { SPAM_PREVENTION } from '../spam-prevention.js';
import type { Wanted } from './wanted.js';

/** Everything that a plan depends on. */
export interface MatomoState extends Awaited<ReturnType<typeof readMatomo>> {}

const OF_ALL: readonly ApiCall[] = [
  { method: 'API.getMatomoVersion' },
  isPluginActivated('CustomDimensions'),
  isPluginActivated('CustomVariables'),
  isPluginActivated(SPAM_PREVENTION),
  ...ACCESS,
];

const DIMENSIONS_OFF =
  'the plugin CustomDimensions is off; a super user can activate it in Administration > System > Plugins, or run ./console plugin:activate CustomDimensions on the Matomo server';

/** Reads the state of Matomo, and of the site if it has an ID and the token has access to it. */
export async function readMatomo(
  client: ApiClient,
  siteId: number | undefined,
  { weeklyReport }: Pick<Wanted, 'weeklyReport'>,
) {
  const [version, dimensionsOn, variablesOn, spamOn, ...access] = await client.callAll(OF_ALL);
  const { role } = readAccess(access, siteId);
  const params = { idSite: String(siteId) };
  // Of the token's user also if that is a super user, and all reports that a mail can contain.
  const reportCalls: readonly ApiCall[] = [
    {
      method: 'ScheduledReports.getReports',
      params: { ...params, ifSuperUserReturnOnlySuperUserReports: '1' },
    },
    { method: 'API.getReportMetadata', params: { ...params, hideMetricsDoc: '1' } },
  ];
  const calls = [
    { method: 'SitesManager.getSiteFromId', params },
    getDimensions(params.idSite),
    { method: 'CustomDimensions.getAvailableScopes', params },
    { method: 'Goals.getGoals', params },
    { method: 'SegmentEditor.getAll', params },
    ...(weeklyReport === undefined ? [] : reportCalls),
  ];
  const canRead = siteId !== undefined && role !== 'none';
  const [site, dimensions, scopes, goals, segments, reports, metadata] = canRead
    ? await client.callAll(calls)
    : [];
  const scope = listOf(scopes).find(({ value }) => value === 'action');
  return {
    /** Matomo hides it from a token without access to any site. */
    version: readVersion(version),
    role: canRead && site?.kind !== 'value' ? 'none' : role,
    /** Whether the plugin is active; true if Matomo does not say. */
    hasCustomVariables: readFlag(variablesOn) !== false,
    /** Whether the plugin TrackingSpamPrevention is active; false if Matomo does not say. */
    hasSpamPrevention: readFlag(spamOn) === true,
    /** `undefined` until it is created. */
    site:
      canRead && site?.kind === 'value'
        ? {
            id: siteId,
            name: readName(objectOf(site)),
            hasSiteSearch: isTrue(objectOf(site).sitesearch),
          }
        : undefined,
    dimensions: listOf(dimensions).map(toDimension),
    /** Free slots for action dimensions; `undefined` if Matomo does not say. */
    freeSlots: scope === undefined ? undefined : Number(scope.numSlotsLeft),
    goals: listOf(goals).map((goal) => ({
      id: Number(goal.idgoal),
      name: readName(goal),
      matchAttribute: readWord(goal.match_attribute),
      pattern: unescapeHtml(String(goal.pattern)),
      patternType: readWord(goal.pattern_type),
    })),
    segments: listOf(segments).map((segment) => ({
      id: Number(segment.idsegment),
      name: readName(segment),
      definition: unescapeHtml(String(segment.definition)),
      /** Whether one user alone has it. Of others than its own, only a super user gets these. */
      isPrivate: isFalse(segment.enable_all_users),
      /** Whether Matomo computes it when somebody looks at it. */
      isComputedLate: isFalse(segment.auto_archive),
    })),
    /** Reports by mail of the token's user. Only read if one is wanted. */
    reports: listOf(reports).map(({ idreport, description }) => ({
      id: Number(idreport),
      description: unescapeHtml(String(description ?? '')),
    })),
    /** Unique IDs of the reports that the site has. Only read with `reports`. */
    reportIds: listOf(metadata).map(({ uniqueId }) => String(uniqueId)),
    /** Why Matomo hides a list. Its items are not created, because they may exist already. */
    hidden: {
      dimension: readFlag(dimensionsOn) === false ? DIMENSIONS_OFF : whyHidden(dimensions),
      goal: whyHidden(goals),
      segment: whyHidden(segments),
      report: whyHidden(reports) ?? whyHidden(metadata),
    },
  } as const;
}

/** Whether a flag is off. One that Matomo does not send is not. */
function isFalse(value: unknown): boolean {
  return value !== undefined && !isTrue(value);
}

/** Finds the site with that name and URL, because Matomo would create a second one. */
export async function findSite(
  client: ApiClient,
  wanted: { readonly name: string; readonly url: string },
): Promise<number | undefined> {
  const params = { url: wanted.url };
  const [found] = await client.callAll([{ method: 'SitesManager.getSitesIdFromSiteUrl', params }]);
  if (found?.kind === 'refused') {
    const what = `Matomo does not tell which sites have that URL: ${quoteRefusal(found.message)}`;
    throw new ApiFailure('request-rejected', what, 'Use the token of a super user');
  }
  const ids = listOf(found).map(({ idsite }) => Number(idsite));
  if (ids.length === 0) return undefined;
  const sites = await client.callAll(
    ids.map((id) => ({ method: 'SitesManager.getSiteFromId', params: { idSite: String(id) } })),
  );
  return ids.find((_, index) => isSameName(readName(objectOf(sites[index])), wanted.name));
}

/** Why Matomo rejected a call, in its own words; of several attempts, the answer to each. */
export function quoteRefusal(...messages: readonly string[]): string {
  return `Matomo rejects it: ${messages.map(show).join(', and then ')}`;
}

/** Compares names without their case. */
export function isSameName(one: string, other: string): boolean {
  return one.trim().toLowerCase() === other.trim().toLowerCase();
}

function whyHidden(result: ApiResult | undefined): string | undefined {
  return result?.kind === 'refused' ? quoteRefusal(result.message) : undefined;
}

import { type ApiCall, type MatomoApi, startMatomoApi } from '../support/matomo-api.js';

interface StoredDimension {
  readonly name: string;
  readonly scope?: 'action' | 'visit';
  readonly active?: boolean;
  readonly extractions?: readonly object[];
}

export interface SiteContents {
  readonly dimensions?: readonly StoredDimension[];
  /** Of action dimensions. Default: 5. */
  readonly slots?: number;
  readonly goals?: readonly Record<string, unknown>[];
  readonly segments?: readonly Record<string, unknown>[];
  /** Recordings in a special state, such as `plugin off`. */
  readonly notes?: readonly string[];
  /** Wins over everything. */
  readonly answer?: (call: ApiCall) => unknown;
}

export interface MatomoSite extends MatomoApi {
  /** Calls that change something. */
  writes(): string[];
  readonly dimensions: Record<string, unknown>[];
  readonly goals: Record<string, unknown>[];
  readonly segments: Record<string, unknown>[];
  readonly reports: Record<string, unknown>[];
  readonly sites: Record<string, unknown>[];
}

const WRITERS = ['super', 'admin', 'write'];
const WRITES = /\.(?:configure|add|update|delete|set)/;

/** Site 1 of a Matomo that remembers what is created; everything else is as recorded, refusals included. */
export async function startMatomoSite(contents: SiteContents = {}): Promise<MatomoSite> {
  const { slots = 5, notes = [] } = contents;
  const isPluginOff = notes.includes('plugin off');
  const sites: Record<string, unknown>[] = [
    { idsite: 1, name: 'Shop API', main_url: 'https://shop.example', sitesearch: 1 },
  ];
  const dimensions: Record<string, unknown>[] = [];
  const goals = [...(contents.goals ?? [])];
  const segments = [...(contents.segments ?? [])];
  const reports: Record<string, unknown>[] = [];
  for (const dimension of contents.dimensions ?? []) addDimension(1, dimension);

  function addDimension(site: number, { name, ...given }: StoredDimension): number {
    const id = dimensions.filter(({ idsite }) => idsite === String(site)).length + 1;
    const { scope = 'action', active = true, extractions = [] } = given;
    const stored = { idcustomdimension: String(id), idsite: String(site), name, index: String(id) };
    dimensions.push({ ...stored, scope, active, extractions, case_sensitive: true });
    return id;
  }
  const ofSite = (site: unknown) => dimensions.filter(({ idsite }) => idsite === String(site));
  const usedSlots = (site: unknown) =>
    ofSite(site).filter(({ scope }) => scope === 'action').length;

  function answer(call: ApiCall): unknown {
    const own = contents.answer?.(call);
    if (own !== undefined) return own;
    const { method, role, params } = call;
    const canRead = [...WRITERS, 'view'].includes(role);
    if (isPluginOff && method.startsWith('CustomDimensions.')) return canRead ? OFF : undefined;
    if (method === 'SitesManager.getSitesIdWithAdminAccess' && role === 'super') {
      return sites.map(({ idsite }) => idsite);
    }
    if (!canRead && method === 'SitesManager.getSitesIdFromSiteUrl') return []; // no refusal
    if (!canRead) return undefined;
    return WRITES.test(method) ? write(call) : READERS[method]?.(params);
  }

  const READERS: Record<string, (params: ApiCall['params']) => unknown> = {
    'SitesManager.getSitesIdFromSiteUrl': ({ url }) =>
      sites.filter((site) => site.main_url === url),
    'SitesManager.getSiteFromId': ({ idSite }) =>
      sites.find(({ idsite }) => String(idsite) === idSite),
    'CustomDimensions.getConfiguredCustomDimensions': ({ idSite }) => ofSite(idSite),
    'CustomDimensions.getAvailableScopes': ({ idSite }) => [
      { value: 'visit', numSlotsLeft: 5 },
      { value: 'action', numSlotsLeft: slots - usedSlots(idSite) },
    ],
    'Goals.getGoals': () => goals,
    'SegmentEditor.getAll': () => segments,
    'ScheduledReports.getReports': ({ idSite }) =>
      reports.filter(({ idsite }) => idsite === idSite),
    'API.getReportMetadata': ({ idSite }) =>
      ['UserId_getUsers', 'Actions_getPageTitles', ...ofSite(idSite).map(toReportId)].map(
        (uniqueId) => ({ uniqueId }),
      ),
  };

  function write({ method, role, params }: ApiCall): unknown {
    const { idSite, name = '', description } = params;
    switch (method) {
      case 'SitesManager.addSite': {
        if (role !== 'super') return refusal("a 'superuser' access.");
        const idsite = 10 + sites.length;
        sites.push({ idsite, name: params.siteName, main_url: params['urls[0]'], sitesearch: 1 });
        return { value: idsite };
      }
      case 'SegmentEditor.add': {
        const { definition } = params;
        segments.push({ idsegment: segments.length + 1, name, definition, params });
        return { value: String(segments.length) };
      }
      case 'ScheduledReports.addReport':
        reports.push({ idreport: reports.length + 1, idsite: idSite, description, params });
        return { value: reports.length };
    }
    if (!WRITERS.includes(role)) return refusal(`'write' access for the website id = ${idSite}.`);
    switch (method) {
      case 'CustomDimensions.configureNewCustomDimension': {
        if (usedSlots(idSite) >= slots) {
          return error(
            `All Custom Dimensions for website ${idSite} in scope 'action' are already used.`,
          );
        }
        return { value: addDimension(Number(idSite), { name }) };
      }
      case 'CustomDimensions.configureExistingCustomDimension': {
        const found = ofSite(idSite).find((one) => one.idcustomdimension === params.idDimension);
        Object.assign(found ?? {}, { name, active: params.active === '1', params });
        return { result: 'success', message: 'ok' };
      }
      case 'Goals.addGoal': {
        const { matchAttribute, pattern, patternType } = params;
        const matches = { match_attribute: matchAttribute, pattern, pattern_type: patternType };
        goals.push({ idgoal: goals.length + 1, name: escapeHtml(name), ...matches });
        return { value: goals.length };
      }
      default:
        return undefined;
    }
  }

  const matomo = await startMatomoApi({ answer, notes });
  const writes = () => matomo.calls.map(({ method }) => method).filter((name) => WRITES.test(name));
  return { ...matomo, writes, dimensions, goals, segments, reports, sites };
}

function toReportId({ idcustomdimension }: Record<string, unknown>): string {
  return `CustomDimensions_getCustomDimension_idDimension--${idcustomdimension}`;
}

const OFF = error(
  'The plugin CustomDimensions is not enabled. You can activate the plugin on Settings &gt; Plugins page in Matomo.',
);

function refusal(needed: string): object {
  return error(`You can't access this resource as it requires ${needed}`);
}

function error(message: string): object {
  return { result: 'error', message };
}

/** As Matomo stores names. */
function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

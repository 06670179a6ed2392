import { createFindRole, type ResolvedInspector, type TokenRole } from '../inspector-options.js';
import { escapeHtml } from '../rules/php-values.js';
import type { Dimension, Site, Sites } from '../sites.js';

interface Call {
  readonly params: URLSearchParams;
  readonly token: string;
}

interface SiteCall extends Call {
  readonly siteId: number;
  readonly site: Site;
}

type Method = (call: Call) => unknown;
type Segment = Readonly<
  Record<'idsegment' | 'name' | 'definition', string> & { enable_only_idsite: number }
>;
type Report = Readonly<Record<'idreport' | 'idsite', number> & { description: string }>;

class ApiError extends Error {
  readonly status: number;

  constructor(message: string, status = 200) {
    super(message);
    this.status = status;
  }
}

const SLOTS = 5;
const NEWEST = '5.13.0';
const ROLES: readonly TokenRole[] = ['view', 'write', 'admin', 'super'];

/** Answers the methods of Matomo's HTTP API with which `setup` and `doctor` read and prepare a site. What they create stays in memory. */
export function createMatomoApi(options: ResolvedInspector, sites: Sites) {
  const findRole = createFindRole(options.tokens);
  const segments: Segment[] = [];
  const reports: Report[] = [];
  const { matomoVersion } = options;
  const version = matomoVersion === 'newest' ? NEWEST : `${matomoVersion}.0`;
  const plugins: Readonly<Record<string, boolean>> = {
    CustomDimensions: true,
    CustomVariables: options.customVariables,
    BotTracking: options.botTracking && matomoVersion !== '5.6',
    TrackingSpamPrevention: options.spamPrevention !== 'off',
  };

  /** A method for the site in `idSite`, of which the token needs at least the access `least`. */
  const withSite =
    (least: TokenRole, method: (call: SiteCall) => unknown): Method =>
    ({ params, token }) => {
      const id = Number(params.get('idSite'));
      const site = sites.find(id);
      const role = findRole(token, id);
      const isAllowed = ROLES.some((one, index) => one === role && index >= ROLES.indexOf(least));
      if (site !== undefined && isAllowed) return method({ params, token, siteId: id, site });
      const needs = `it requires '${least}' access for the website id = ${id}.`;
      throw new ApiError(`You can't access this resource as ${needs}`, 401);
    };

  const isSuper = ({ token }: Call) => findRole(token, 0) === 'super';

  /** A super user has access as an administrator. */
  const idsWith = (wanted: TokenRole) => (call: Call) =>
    sites.ids().filter((id) => {
      const role = findRole(call.token, id);
      return (role === 'super' ? 'admin' : role) === wanted;
    });

  const METHODS: Readonly<Record<string, Method>> = {
    'API.getMatomoVersion': () => ({ value: version }),
    'API.isPluginActivated': ({ params }) => ({
      value: plugins[params.get('pluginName') ?? ''] === true,
    }),
    'UsersManager.hasSuperUserAccess': (call) => ({ value: isSuper(call) }),
    'SitesManager.getSitesIdWithAdminAccess': idsWith('admin'),
    'SitesManager.getSitesIdWithWriteAccess': idsWith('write'),
    'SitesManager.getSitesIdWithViewAccess': idsWith('view'),
    'SitesManager.getSiteFromId': withSite('view', ({ siteId, site }) => {
      const [main_url = ''] = site.urls;
      return { idsite: siteId, name: escapeHtml(site.name), main_url, sitesearch: 1 };
    }),
    'SitesManager.getSitesIdFromSiteUrl': ({ params }) =>
      sites
        .ids()
        .filter((id) => sites.find(id)?.urls.includes(params.get('url') ?? ''))
        .map((idsite) => ({ idsite })),
    'SitesManager.addSite': (call) => {
      const needs = "You can't access this resource as it requires a 'superuser' access.";
      if (!isSuper(call)) throw new ApiError(needs, 401);
      const id = Math.max(0, ...sites.ids()) + 1;
      const urls = [call.params.get('urls[0]') ?? ''];
      const name = call.params.get('siteName') ?? '';
      sites.set(id, { name, urls, dimensions: [], goals: [], hasAssumedDimensions: false });
      return { value: id };
    },
    'CustomDimensions.getConfiguredCustomDimensions': withSite('view', ({ siteId, site }) =>
      listed(site).map((dimension) => toDimensionRow(siteId, dimension)),
    ),
    'CustomDimensions.getAvailableScopes': withSite('view', ({ site }) =>
      ['visit', 'action'].map((scope) => ({ value: scope, numSlotsLeft: free(site, scope) })),
    ),
    'CustomDimensions.configureNewCustomDimension': withSite(
      'write',
      ({ siteId, site, params }) => {
        const scope = params.get('scope') ?? '';
        if (free(site, scope) <= 0) {
          const what = `All Custom Dimensions for website ${siteId} in scope '${scope}' are already used.`;
          throw new ApiError(what);
        }
        const id = 1 + Math.max(0, ...listed(site).map((dimension) => dimension.id));
        const dimensions = [...listed(site), { id, scope, ...readDimension(params) }];
        sites.set(siteId, { ...site, dimensions, hasAssumedDimensions: false });
        return { value: id };
      },
    ),
    'CustomDimensions.configureExistingCustomDimension': withSite(
      'write',
      ({ siteId, site, params }) => {
        const id = Number(params.get('idDimension'));
        const old = listed(site).find((dimension) => dimension.id === id);
        if (!old) throw new ApiError(`Dimension ${id} for website ${siteId} does not exist.`);
        const changed = { ...old, ...readDimension(params) };
        const dimensions = site.dimensions.map((one) => (one === old ? changed : one));
        sites.set(siteId, { ...site, dimensions });
        return { result: 'success', message: 'ok' };
      },
    ),
    'Goals.getGoals': withSite('view', ({ siteId: idsite, site }) => {
      return site.goals.map(({ id, name, condition }) => {
        const { matchAttribute = 'manually', pattern = '', patternType = '' } = condition;
        const match = { match_attribute: matchAttribute, pattern, pattern_type: patternType };
        return { idsite, idgoal: id, name: escapeHtml(name), ...match };
      });
    }),
    'Goals.addGoal': withSite('write', ({ siteId, site, params }) => {
      const { idSite: _, name = '', ...condition } = Object.fromEntries(params);
      const id = 1 + Math.max(0, ...site.goals.map((goal) => goal.id));
      sites.set(siteId, { ...site, goals: [...site.goals, { id, name, condition }] });
      return { value: id };
    }),
    'SegmentEditor.getAll': withSite('view', ({ siteId }) =>
      segments.filter(({ enable_only_idsite }) => enable_only_idsite === siteId),
    ),
    'SegmentEditor.add': withSite('view', ({ siteId, ...call }) => {
      if (call.params.get('enabledAllUsers') === '1' && !isSuper(call)) {
        throw new ApiError('enabledAllUsers=1 requires Super User access');
      }
      const [name = '', definition = ''] = ['name', 'definition'].map((key) =>
        escapeHtml(call.params.get(key) ?? ''),
      );
      const idsegment = String(segments.length + 1);
      segments.push({ idsegment, name, definition, enable_only_idsite: siteId });
      return { value: idsegment };
    }),
    'ScheduledReports.getReports': withSite('view', ({ siteId }) =>
      reports.filter(({ idsite }) => idsite === siteId),
    ),
    'ScheduledReports.addReport': withSite('view', ({ siteId: idsite, params }) => {
      const idreport = reports.length + 1;
      const description = escapeHtml(params.get('description') ?? '');
      reports.push({ idreport, idsite, description });
      return { value: idreport };
    }),
    'API.getReportMetadata': withSite('view', ({ site }) => {
      const ids = listed(site).map(
        ({ id }) => `CustomDimensions_getCustomDimension_idDimension--${id}`,
      );
      return ['UserId_getUsers', 'Actions_getPageTitles', ...ids].map((uniqueId) => ({ uniqueId }));
    }),
    // Reports that have not been archived are empty.
    'Actions.getPageUrls': withSite('view', () => []),
    'Actions.getPageTitles': withSite('view', () => []),
    'Goals.get': withSite('view', () => ({})),
    'API.getBulkRequest': ({ params, token }) =>
      [...params]
        .filter(([name]) => /^urls\[\d+\]$/.test(name))
        .map(([, query]) => call({ params: new URLSearchParams(query), token }).value),
  };

  function call(asked: Call): { status: number; value: unknown } {
    const name = asked.params.get('method') ?? '';
    try {
      if (findRole(asked.token, 0) === undefined) {
        const needs = 'it requires view access for at least one website.';
        throw new ApiError(`You can't access this resource as ${needs}`, 401);
      }
      const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
      if (method === undefined) throw new ApiError(`The method '${name}' does not exist.`, 400);
      return { status: 200, value: method(asked) };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return { status: error.status, value: { result: 'error', message: error.message } };
    }
  }

  return (params: URLSearchParams) => call({ params, token: params.get('token_auth') ?? '' });
}

/** The dimensions that Matomo's API shows. */
function listed({ dimensions, hasAssumedDimensions }: Site): readonly Dimension[] {
  return hasAssumedDimensions ? [] : dimensions;
}

function free(site: Site, wanted: string): number {
  return SLOTS - listed(site).filter(({ scope }) => scope === wanted).length;
}

function readDimension(params: URLSearchParams): { name: string; isActive: boolean } {
  return { name: params.get('name') ?? '', isActive: params.get('active') === '1' };
}

function toDimensionRow(siteId: number, { id, name, scope, isActive }: Dimension): object {
  const row = { idcustomdimension: String(id), idsite: String(siteId), name: escapeHtml(name) };
  return { ...row, scope, active: isActive, extractions: [] };
}

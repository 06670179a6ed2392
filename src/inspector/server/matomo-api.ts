import { createFindRole, type ResolvedInspector, type TokenRole } from '../inspector-options.js';
import { escapeHtml } from '../rules/php-values.js';
import type { Dimension, Site, Sites } from '../sites.js';

type Parameters = Readonly<Partial<Record<string, string>>>;
type Method = (parameters: Parameters, token: string) => unknown;
type SiteMethod = (site: Site, parameters: Parameters, siteId: number, token: string) => unknown;
type Row = Readonly<Record<string, unknown>>;

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
  const segments: Row[] = [];
  const reports: Row[] = [];
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
    (least: TokenRole, method: SiteMethod): Method =>
    (parameters, token) => {
      const id = Number(parameters.idSite ?? '');
      const site = sites.find(id);
      const role = findRole(token, id);
      const isAllowed = ROLES.some((one, index) => one === role && index >= ROLES.indexOf(least));
      if (site !== undefined && isAllowed) return method(site, parameters, id, token);
      throw noAccess(`it requires '${least}' access for the website id = ${id}.`);
    };

  const isSuper = (token: string) => findRole(token, 0) === 'super';

  /** A super user has access as an administrator. */
  const idsWith =
    (wanted: TokenRole): Method =>
    (_, token) =>
      sites.ids().filter((id) => {
        const role = findRole(token, id);
        return (role === 'super' ? 'admin' : role) === wanted;
      });

  const METHODS: Readonly<Record<string, Method>> = {
    'API.getMatomoVersion': () => ({ value: version }),
    'API.isPluginActivated': ({ pluginName = '' }) => ({ value: plugins[pluginName] === true }),
    'UsersManager.hasSuperUserAccess': (_, token) => ({ value: isSuper(token) }),
    'SitesManager.getSitesIdWithAdminAccess': idsWith('admin'),
    'SitesManager.getSitesIdWithWriteAccess': idsWith('write'),
    'SitesManager.getSitesIdWithViewAccess': idsWith('view'),
    'SitesManager.getSiteFromId': withSite('view', ({ name, urls }, _, idsite) => {
      return { idsite, name: escapeHtml(name), main_url: urls[0] ?? '', sitesearch: 1 };
    }),
    'SitesManager.getSitesIdFromSiteUrl': ({ url = '' }) =>
      sites
        .ids()
        .filter((id) => sites.find(id)?.urls.includes(url))
        .map((idsite) => ({ idsite })),
    'SitesManager.addSite': ({ siteName: name = '', 'urls[0]': url = '' }, token) => {
      if (!isSuper(token)) throw noAccess("it requires a 'superuser' access.");
      const id = Math.max(0, ...sites.ids()) + 1;
      sites.set(id, { name, urls: [url], dimensions: [], goals: [], hasAssumedDimensions: false });
      return { value: id };
    },
    'CustomDimensions.getConfiguredCustomDimensions': withSite('view', (site, _, siteId) =>
      listed(site).map((dimension) => toDimensionRow(siteId, dimension)),
    ),
    'CustomDimensions.getAvailableScopes': withSite('view', (site) =>
      ['visit', 'action'].map((scope) => ({ value: scope, numSlotsLeft: free(site, scope) })),
    ),
    'CustomDimensions.configureNewCustomDimension': withSite(
      'write',
      (site, parameters, siteId) => {
        const { scope = '' } = parameters;
        if (free(site, scope) <= 0) {
          const what = `All Custom Dimensions for website ${siteId} in scope '${scope}' are already used.`;
          throw new ApiError(what);
        }
        const id = 1 + Math.max(0, ...listed(site).map((dimension) => dimension.id));
        const dimensions = [...listed(site), { id, scope, ...readDimension(parameters) }];
        sites.set(siteId, { ...site, dimensions, hasAssumedDimensions: false });
        return { value: id };
      },
    ),
    'CustomDimensions.configureExistingCustomDimension': withSite(
      'write',
      (site, parameters, siteId) => {
        const id = Number(parameters.idDimension);
        const old = listed(site).find((dimension) => dimension.id === id);
        if (!old) throw new ApiError(`Dimension ${id} for website ${siteId} does not exist.`);
        const changed = { ...old, ...readDimension(parameters) };
        const dimensions = site.dimensions.map((one) => (one === old ? changed : one));
        sites.set(siteId, { ...site, dimensions });
        return { result: 'success', message: 'ok' };
      },
    ),
    'Goals.getGoals': withSite('view', ({ goals }, _, idsite) => {
      return goals.map(({ id, name, condition }) => {
        const { matchAttribute = 'manually', pattern = '', patternType = '' } = condition;
        const match = { match_attribute: matchAttribute, pattern, pattern_type: patternType };
        return { idsite, idgoal: id, name: escapeHtml(name), ...match };
      });
    }),
    'Goals.addGoal': withSite('write', (site, { name = '', ...condition }, siteId) => {
      const id = 1 + Math.max(0, ...site.goals.map((goal) => goal.id));
      sites.set(siteId, { ...site, goals: [...site.goals, { id, name, condition }] });
      return { value: id };
    }),
    'SegmentEditor.getAll': withSite('view', (_site, _, siteId) =>
      segments.filter(({ enable_only_idsite }) => enable_only_idsite === siteId),
    ),
    'SegmentEditor.add': withSite('view', (_, parameters, enable_only_idsite, token) => {
      const { name = '', definition = '', enabledAllUsers } = parameters;
      if (enabledAllUsers === '1' && !isSuper(token)) {
        throw new ApiError('enabledAllUsers=1 requires Super User access');
      }
      const idsegment = String(segments.length + 1);
      const texts = { name: escapeHtml(name), definition: escapeHtml(definition) };
      segments.push({ idsegment, ...texts, enable_only_idsite });
      return { value: idsegment };
    }),
    'ScheduledReports.getReports': withSite('view', (_site, _, siteId) =>
      reports.filter(({ idsite }) => idsite === siteId),
    ),
    'ScheduledReports.addReport': withSite('view', (_, { description = '' }, idsite) => {
      const idreport = reports.length + 1;
      reports.push({ idreport, idsite, description: escapeHtml(description) });
      return { value: idreport };
    }),
    'API.getReportMetadata': withSite('view', (site) => {
      const ids = listed(site).map(
        ({ id }) => `CustomDimensions_getCustomDimension_idDimension--${id}`,
      );
      return ['UserId_getUsers', 'Actions_getPageTitles', ...ids].map((uniqueId) => ({ uniqueId }));
    }),
    // Reports that have not been archived are empty.
    'Actions.getPageUrls': withSite('view', () => []),
    'Actions.getPageTitles': withSite('view', () => []),
    'Goals.get': withSite('view', () => ({})),
    'API.getBulkRequest': (parameters, token) =>
      Object.entries(parameters)
        .filter(([name]) => /^urls\[\d+\]$/.test(name))
        .map(([, query]) => Object.fromEntries(new URLSearchParams(query)))
        // A bulk could contain others without end.
        .filter(({ method }) => method !== 'API.getBulkRequest')
        .map((one) => call(one, token).value),
  };

  function call(parameters: Parameters, token: string): { status: number; value: unknown } {
    const { method: name = '' } = parameters;
    try {
      if (findRole(token, 0) === undefined) {
        if (token === '') throw noAccess('it requires view access for at least one website.');
        const what =
          'Unable to authenticate with the provided token. It is either invalid or expired.';
        throw new ApiError(what, 401);
      }
      const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
      if (method === undefined) throw new ApiError(`The method '${name}' does not exist.`, 400);
      return { status: 200, value: method(parameters, token) };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return { status: error.status, value: { result: 'error', message: error.message } };
    }
  }

  return ({ token_auth: token = '', ...parameters }: Parameters) => call(parameters, token);
}

function noAccess(needs: string): ApiError {
  return new ApiError(`You can't access this resource as ${needs}`, 401);
}

/** The dimensions that Matomo's API shows. */
function listed({ dimensions, hasAssumedDimensions }: Site): readonly Dimension[] {
  return hasAssumedDimensions ? [] : dimensions;
}

function free(site: Site, wanted: string): number {
  return SLOTS - listed(site).filter(({ scope }) => scope === wanted).length;
}

function readDimension({ name = '', active }: Parameters): { name: string; isActive: boolean } {
  return { name, isActive: active === '1' };
}

function toDimensionRow(siteId: number, { id, name, scope, isActive }: Dimension): Row {
  const row = { idcustomdimension: String(id), idsite: String(siteId), name: escapeHtml(name) };
  return { ...row, scope, active: isActive, extractions: [] };
}

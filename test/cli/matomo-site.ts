import { type ApiCall, type MatomoApiOptions, startMatomoApi } from '../support/matomo-api.js';

interface SiteContents extends MatomoApiOptions {
  /** Dimensions as the API creates them, in the scope `action` and active unless they say otherwise. */
  readonly dimensions?: readonly Readonly<Record<string, string>>[];
}

const SLOTS = 5;

/** Site 1 of a Matomo. It remembers the dimensions that are created. Who has no access gets what was recorded. */
export async function startMatomoSite({
  dimensions = [],
  answer = () => undefined,
  ...others
}: SiteContents = {}) {
  const created = dimensions.map((dimension, i) => toDimension(i + 1, dimension));
  const free = (wanted: string) => SLOTS - created.filter(({ scope }) => scope === wanted).length;

  function create(params: ApiCall['params']) {
    const { scope = '' } = params;
    if (free(scope) <= 0) {
      const what = `All Custom Dimensions for website 1 in scope '${scope}' are already used.`;
      return { result: 'error', message: what };
    }
    created.push(toDimension(created.length + 1, params));
    return { value: created.length };
  }

  function play({ method, role, params }: ApiCall): unknown {
    if (!/^(?:super|admin|write|view)$/.test(role)) return undefined;
    switch (method) {
      case 'API.getMatomoVersion':
        return { value: '5.13.0' };
      case 'API.isPluginActivated':
        return { value: params.pluginName !== 'TrackingSpamPrevention' };
      case 'UsersManager.hasSuperUserAccess':
        return { value: role === 'super' };
      case 'SitesManager.getSitesIdWithAdminAccess':
        return role === 'super' || role === 'admin' ? [1] : [];
      case 'SitesManager.getSitesIdWithWriteAccess':
        return role === 'write' ? [1] : [];
      case 'SitesManager.getSitesIdWithViewAccess':
        return role === 'view' ? [1] : [];
      case 'CustomDimensions.getConfiguredCustomDimensions':
        return created;
      case 'CustomDimensions.getAvailableScopes':
        return ['visit', 'action'].map((value) => ({ value, numSlotsLeft: free(value) }));
      case 'CustomDimensions.configureNewCustomDimension':
        return create(params);
      default:
        return undefined;
    }
  }

  const matomo = await startMatomoApi({
    ...others,
    answer: (call) => answer(call) ?? play(call),
  });
  const writes = () =>
    matomo.calls.map(({ method }) => method).filter((name) => name.includes('.configure'));
  return { ...matomo, writes };
}

function toDimension(id: number, { name = '', scope = 'action', active = '1' }: ApiCall['params']) {
  const row = { idcustomdimension: String(id), idsite: '1', name };
  return { ...row, scope, active: active === '1', extractions: [] };
}

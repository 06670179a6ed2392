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
    const sitesOf = (...roles: string[]) => (roles.includes(role) ? [1] : []);
    const answers: Readonly<Record<string, () => unknown>> = {
      'API.getMatomoVersion': () => ({ value: '5.13.0' }),
      'API.isPluginActivated': () => ({ value: params.pluginName !== 'TrackingSpamPrevention' }),
      'UsersManager.hasSuperUserAccess': () => ({ value: role === 'super' }),
      'SitesManager.getSitesIdWithAdminAccess': () => sitesOf('super', 'admin'),
      'SitesManager.getSitesIdWithWriteAccess': () => sitesOf('write'),
      'SitesManager.getSitesIdWithViewAccess': () => sitesOf('view'),
      'CustomDimensions.getConfiguredCustomDimensions': () => created,
      'CustomDimensions.getAvailableScopes': () =>
        ['visit', 'action'].map((value) => ({ value, numSlotsLeft: free(value) })),
      'CustomDimensions.configureNewCustomDimension': () => create(params),
    };
    return answers[method]?.();
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

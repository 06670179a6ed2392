import { unescapeHtml } from '../common/unescape-html.js';
import type { ApiClient, ApiResult } from './matomo-api.js';

/** The plugin that drops hits of clouds and client libraries. */
export const SPAM_PREVENTION = 'TrackingSpamPrevention';

const PLUGINS = [
  'CustomVariables',
  'CustomDimensions',
  'QueuedTracking',
  'BotTracking',
  SPAM_PREVENTION,
] as const;

/** What Matomo's HTTP API says about a site and how its hits are stored. */
export type MatomoSite = Awaited<ReturnType<typeof readSite>>;

/** A custom dimension of a site. */
export type Dimension = ReturnType<typeof toDimension>;

/** What a token may do with a site. */
export type Access = NonNullable<ReturnType<typeof readAccess>>;

/**
 * Asks everything in one request. If Matomo rejects the token, that counts toward its lock-out.
 *
 * @throws ApiFailure if Matomo does not answer as its API does
 */
export async function readSite(client: ApiClient, siteId: number) {
  const params = { idSite: String(siteId) };
  const [version, dimensions, scopes, isSuper, admin, write, view, ...plugins] =
    await client.callAll([
      { method: 'API.getMatomoVersion' },
      { method: 'CustomDimensions.getConfiguredCustomDimensions', params },
      { method: 'CustomDimensions.getAvailableScopes', params },
      { method: 'UsersManager.hasSuperUserAccess' },
      { method: 'SitesManager.getSitesIdWithAdminAccess' },
      { method: 'SitesManager.getSitesIdWithWriteAccess' },
      { method: 'SitesManager.getSitesIdWithViewAccess' },
      ...PLUGINS.map((pluginName) => ({ method: 'API.isPluginActivated', params: { pluginName } })),
    ]);
  const scope = listOf(scopes)?.find(({ value }) => value === 'action');
  const flags = PLUGINS.map((name, index) => [name, readFlag(plugins[index])]);
  return {
    siteId,
    /** Matomo hides it from a token without access to any site. */
    version: /^\d[\w.-]*$/.exec(String(wrapped(version)))?.[0],
    /** `undefined` if Matomo does not say. */
    access: readAccess(siteId, isSuper, [admin, write, view]),
    /** Active and inactive dimensions; `undefined` if Matomo does not show them. */
    dimensions: listOf(dimensions)?.map(toDimension),
    /** Slots for further action dimensions; `undefined` if Matomo does not say. */
    freeSlots: scope && Number(scope.numSlotsLeft),
    /** Which plugins are active; `undefined` if Matomo does not say. */
    plugins: Object.fromEntries(flags) as Readonly<
      Partial<Record<(typeof PLUGINS)[number], boolean>>
    >,
  };
}

function readAccess(
  siteId: number,
  isSuper: ApiResult | undefined,
  lists: readonly (ApiResult | undefined)[],
) {
  const [admin, write, view] = lists.map((list) => {
    return list?.kind === 'value' ? Object.values(list.value ?? {}).map(Number) : undefined;
  });
  if (admin === undefined || write === undefined || view === undefined) return undefined;
  const sites = { admin, write, view };
  const role = (['admin', 'write', 'view'] as const).find((one) => sites[one].includes(siteId));
  return {
    role: role === 'admin' && readFlag(isSuper) ? ('super' as const) : (role ?? ('none' as const)),
    /** Sites that the token can track. */
    writable: [...admin, ...write],
  };
}

function toDimension({ idcustomdimension, name, scope, active }: ApiObject) {
  return {
    id: Number(idcustomdimension),
    name: typeof name === 'string' ? unescapeHtml(name) : '',
    /** Only letters, digits and `_`, so that it can be printed. */
    scope: String(scope).replace(/\W/g, ''),
    isActive: isTrue(active),
  };
}

/** An object in an answer of Matomo's API. */
type ApiObject = Readonly<Record<string, unknown>>;

/** The value of a result that Matomo wraps in an object. */
export function wrapped(result: ApiResult | undefined): unknown {
  return result?.kind === 'value' ? (result.value as ApiObject | null)?.value : undefined;
}

/** The answer to a yes-no question; `undefined` if Matomo does not say. */
function readFlag(result: ApiResult | undefined): boolean | undefined {
  const value = wrapped(result);
  return /^(?:true|false|[01])$/.test(String(value)) ? isTrue(value) : undefined;
}

/** Elements of a list, which Matomo sends as an object if its keys have gaps; `undefined` if the call was refused. */
function listOf(result: ApiResult | undefined): ApiObject[] | undefined {
  if (result?.kind !== 'value' || typeof result.value !== 'object') return undefined;
  return Object.values(result.value ?? {}).filter((element) => element !== null);
}

/** Whether a version of Matomo is older than the oldest that is supported; false if it is not known. */
export function isTooOld(version: string | undefined): boolean {
  return version !== undefined && Number.parseInt(version, 10) < 5;
}

/** Matomo sends some booleans as numbers or text. */
function isTrue(value: unknown): boolean {
  return Number(value) === 1;
}

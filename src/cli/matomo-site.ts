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

/** What Matomo's HTTP API reports about a site and about how its hits are stored. */
export type MatomoSite = Awaited<ReturnType<typeof readSite>>;

/** A custom dimension of a site. */
export type Dimension = ReturnType<typeof toDimension>;

/** The rights of a token for a site. */
export type Access = NonNullable<ReturnType<typeof readAccess>>;

/**
 * Reads everything in one request, because each rejection of the token counts toward Matomo's lock-out.
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
    /** The version. Matomo hides it from a token without access to any site. */
    version: /^\d[\w.-]*$/.exec(String(wrapped(version)))?.[0],
    /** `undefined` if Matomo does not report it. */
    access: readAccess(siteId, isSuper, [admin, write, view]),
    /** Active and inactive dimensions; `undefined` if Matomo does not report them. */
    dimensions: listOf(dimensions)?.map(toDimension),
    /** Free slots for action dimensions; `undefined` if Matomo does not report them. */
    freeSlots: scope && Number(scope.numSlotsLeft),
    /** Which plugins are active; `undefined` if Matomo does not report it. */
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
    /** Sites to which the token has write access. */
    writable: [...admin, ...write],
  };
}

function toDimension({ idcustomdimension, name, scope, active }: ApiObject) {
  return {
    id: Number(idcustomdimension),
    name: typeof name === 'string' ? unescapeHtml(name) : '',
    /** Reduced to letters, digits and `_`, so that it can be printed. */
    scope: String(scope).replace(/\W/g, ''),
    isActive: isTrue(active),
  };
}

/** An object in an answer of Matomo's API. */
type ApiObject = Readonly<Record<string, unknown>>;

/** Returns the value of a result that Matomo wraps in an object. */
export function wrapped(result: ApiResult | undefined): unknown {
  return result?.kind === 'value' ? (result.value as ApiObject | null)?.value : undefined;
}

/** Returns the answer to a yes-no question; `undefined` if Matomo does not report it. */
function readFlag(result: ApiResult | undefined): boolean | undefined {
  const value = wrapped(result);
  return /^(?:true|false|[01])$/.test(String(value)) ? isTrue(value) : undefined;
}

/**
 * Returns the elements of a list; `undefined` if the call was refused.
 * Matomo sends a list whose keys have gaps as an object.
 */
function listOf(result: ApiResult | undefined): ApiObject[] | undefined {
  if (result?.kind !== 'value' || typeof result.value !== 'object') return undefined;
  return Object.values(result.value ?? {}).filter((element) => element !== null);
}

/** Whether a version of Matomo is older than the oldest supported one; false if the version is unknown. */
export function isTooOld(version: string | undefined): boolean {
  return version !== undefined && Number.parseInt(version, 10) < 5;
}

/** Reads a boolean. Matomo sends some booleans as numbers or text. */
function isTrue(value: unknown): boolean {
  return Number(value) === 1;
}

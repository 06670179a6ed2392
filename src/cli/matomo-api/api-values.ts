import { unescapeHtml } from '../../common/unescape-html.js';
import type { ApiCall, ApiResult } from './api-client.js';

/** A custom dimension of a site. */
export type Dimension = ReturnType<typeof toDimension>;

/** Asks for the dimensions of a site, active or not. */
export function getDimensions(idSite: string): ApiCall {
  return { method: 'CustomDimensions.getConfiguredCustomDimensions', params: { idSite } };
}

/** Parses one element of the result of `getDimensions`. */
export function toDimension(dimension: ApiObject) {
  return {
    id: Number(dimension.idcustomdimension),
    name: readName(dimension),
    scope: String(dimension.scope),
    isActive: isTrue(dimension.active),
    /** Matomo 5.11 and later; empty in older ones. Kept if the dimension is reactivated. */
    description: unescapeHtml(String(dimension.description ?? '')),
    /** Rules by which Matomo reads values from URLs and titles itself. */
    extractions: (Array.isArray(dimension.extractions)
      ? dimension.extractions
      : []) as readonly ApiObject[],
  };
}

/** Asks whether a plugin is active. */
export function isPluginActivated(pluginName: string): ApiCall {
  return { method: 'API.isPluginActivated', params: { pluginName } };
}

/** The answer to a question such as `isPluginActivated`; `undefined` if Matomo does not say. */
export function readFlag(result: ApiResult | undefined): boolean | undefined {
  const value = unwrap(result);
  return /^(?:true|false|[01])$/.test(String(value)) ? isTrue(value) : undefined;
}

/** Matomo's plugin that drops hits of clouds and of headless browsers. */
export const SPAM_PREVENTION = 'TrackingSpamPrevention';

/** A setting of the plugin, as its configuration file has it. */
export type SpamSetting = keyof typeof KEEPING;

/** The values with which the plugin keeps hits. */
const KEEPING = {
  block_clouds: '0',
  cloud_blocking_mode: '"off"',
  block_headless: '0',
  blockServerSideLibraries: '0',
} as const;

/** The lines of `config.ini.php` with which the plugin keeps hits. */
export function toConfigLines(settings: readonly SpamSetting[]): string[] {
  return [`[${SPAM_PREVENTION}]`, ...settings.map((name) => `${name} = ${KEEPING[name]}`)];
}

/** An object in an answer of Matomo's API. */
export type ApiObject = Readonly<Record<string, unknown>>;

/** The value of a result that Matomo wraps in an object. */
function unwrap(result: ApiResult | undefined): unknown {
  return objectOf(result).value;
}

/** The text of a wrapped result; `undefined` if it is not text. */
export function readText(result: ApiResult | undefined): string | undefined {
  const value = unwrap(result);
  return typeof value === 'string' ? value : undefined;
}

/** The answer to `API.getMatomoVersion`, such as `5.12.0`; `undefined` if it is hidden or no version. */
export function readVersion(result: ApiResult | undefined): string | undefined {
  return /^[\w.-]+$/.exec(readText(result) ?? '')?.[0];
}

export function objectOf(result: ApiResult | undefined): ApiObject {
  if (result?.kind !== 'value') return {};
  return (result.value ?? {}) as ApiObject;
}

/** Elements of a list, which Matomo sends as an object if its keys have gaps; empty if the call was refused. */
export function listOf(result: ApiResult | undefined): ApiObject[] {
  if (result?.kind !== 'value' || typeof result.value !== 'object') return [];
  return Object.values(result.value ?? {}).filter((element) => element !== null);
}

export function readName({ name }: ApiObject): string {
  return unescapeHtml(String(name ?? ''));
}

/** Whether a version of Matomo is older than the oldest that is supported; false if it is not known. */
export function isTooOld(version: string | undefined): boolean {
  return version !== undefined && Number.parseInt(version, 10) < 5;
}

/** Matomo sends some booleans as numbers or text. */
export function isTrue(value: unknown): boolean {
  return value === true || Number(value) === 1;
}

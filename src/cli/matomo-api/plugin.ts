import type { ApiResult } from './api-answer.js';
import type { ApiCall } from './api-client.js';
import { unwrap } from './result-values.js';

/** Asks whether a plugin is active. */
export function isPluginActivated(pluginName: string): ApiCall {
  return { method: 'API.isPluginActivated', params: { pluginName } };
}

/** The answer to `isPluginActivated`; `undefined` if Matomo does not say. */
export function readFlag(result: ApiResult | undefined): boolean | undefined {
  const value = unwrap(result);
  return typeof value === 'boolean' ? value : undefined;
}

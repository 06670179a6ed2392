import { unescapeHtml } from '../../inspector/rules/stored-text.js';
import type { ApiCall } from './api-client.js';
import { isTrue, readName } from './result-values.js';

/** A custom dimension of a site. */
export interface Dimension {
  readonly id: number;
  readonly name: string;
  readonly scope: string;
  readonly isActive: boolean;
  /** Matomo 5.11 and later; empty in older ones. */
  readonly description: string;
  /** Rules by which Matomo reads values from URLs and titles itself. */
  readonly extractions: readonly Readonly<Record<string, unknown>>[];
}

/** Asks for the dimensions of a site, active or not. */
export function getDimensions(siteId: number): ApiCall {
  const params = { idSite: String(siteId) };
  return { method: 'CustomDimensions.getConfiguredCustomDimensions', params };
}

/** Parses one element of the result of `getDimensions`. */
export function toDimension(dimension: Readonly<Record<string, unknown>>): Dimension {
  return {
    id: Number(dimension.idcustomdimension),
    name: readName(dimension),
    scope: String(dimension.scope),
    isActive: isTrue(dimension.active),
    description: unescapeHtml(String(dimension.description ?? '')),
    extractions: Array.isArray(dimension.extractions) ? dimension.extractions : [],
  };
}

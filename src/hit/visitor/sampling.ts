import { hash } from 'node:crypto';
import type { HitBuilder } from '../hit-builder.js';
import type { HttpRequest } from '../http-request.js';
import { userIdOf } from '../parameters/custom-variables.js';
import { isNobody } from '../parameters/overrides.js';
import { PARAMETERS } from '../parameters/parameter-table.js';
import { toParameterValue } from '../parameters/parameter-value.js';
import { createFindRouteDetails } from '../parameters/route-details.js';

const RANGE = 2 ** 32;

/**
 * Whether a visitor is in the sample: the first 32 bits of the SHA-256 of its name, as a share of all values. Processes with the same
 * rate and the same name get the same result.
 */
export function isInSample(name: string, rate: number): boolean {
  return rate >= 1 || Number.parseInt(hash('sha256', name, 'hex').slice(0, 8), 16) < rate * RANGE;
}

type FindVisitor = (request: HttpRequest, site: number, nowMillis: number) => string;

/**
 * The name of a visitor for sampling: the user ID, else the visitor ID, as in the hit. If no visitor ID is sent, the default one is
 * used.
 */
export function createFindVisitor(
  options: Parameters<typeof createFindRouteDetails>[0],
  builder: HitBuilder,
): FindVisitor {
  const findRouteDetails = createFindRouteDetails(options);
  return function findVisitor(request, site, nowMillis) {
    const { annotations, optionParameters } = request;
    const ofRoute = findRouteDetails(request);
    if (!optionParameters && !ofRoute && annotations.length === 0) {
      return builder.toVisitorId(request, site, nowMillis);
    }
    const layers = [...annotations.map(({ parameters }) => parameters).reverse()];
    layers.push(ofRoute, optionParameters);
    return (
      strongest(layers, 'uid') ??
      userIdOf(request) ??
      strongest(layers, 'cid') ??
      builder.toVisitorId(request, site, nowMillis)
    );
  };
}

/** The valid value that wins. The strongest layer comes first. */
function strongest(
  layers: readonly (Readonly<Record<string, unknown>> | undefined)[],
  name: 'uid' | 'cid',
): string | undefined {
  for (const layer of layers) {
    const value = toParameterValue(PARAMETERS[name], layer?.[name]);
    if (value !== undefined && !(name === 'uid' && isNobody(value))) return value;
  }
  return undefined;
}

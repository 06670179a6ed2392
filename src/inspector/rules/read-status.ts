import type { Site } from '../sites.js';
import { toText } from './cell.js';
import { type ParameterValue, parseJson, toInteger } from './php-values.js';
import type { Parameters } from './read-tracker-request.js';

/** The name that `setup` gives to the dimension. */
const DIMENSION = 'HTTP status';
const VARIABLE = 'http_status_code';

/** The status of the response that a hit reports, whether Matomo stores it or not. */
export function readStatus(parameters: Parameters, site: Site | undefined): number | undefined {
  const { id } = site?.dimensions.find(({ name }) => name === DIMENSION) ?? {};
  const sent =
    toText(parameters[`dimension${id}`]) || findVariable(parameters.cvar) || parameters.http_status;
  const status = toInteger(sent);
  return status !== undefined && status >= 0 ? status : undefined;
}

function findVariable(cvar: ParameterValue): string {
  const pairs = Object.values(parseJson(toText(cvar)));
  const [, status] = pairs.find((pair) => Array.isArray(pair) && pair[0] === VARIABLE) ?? [];
  return typeof status === 'object' ? '' : String(status ?? '');
}

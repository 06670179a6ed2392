import type { HttpRequest } from '../http-request.js';
import { customVariablesOf } from './custom-variables.js';
import { isNobody } from './overrides.js';
import type { RouteDetails } from './route-details.js';

/** The custom variables of a request, if it has more than the default ones. */
export function variablesOf(
  request: HttpRequest,
  details: RouteDetails | undefined,
  errors: 'off' | 'type' | 'crash',
): Map<string, unknown> | undefined {
  const errorType = errors === 'off' ? undefined : errorTypeOf(request);
  const given = [details?.cvar, ...request.annotations.map(({ cvar }) => cvar)].filter(Boolean);
  if (errorType === undefined && given.length === 0) return undefined;
  const variables = customVariablesOf(request);
  if (errorType !== undefined) variables.set('error_type', errorType);
  for (const cvar of given) {
    for (const name in cvar) if (cvar[name] !== undefined) variables.set(name, cvar[name]);
  }
  return variables;
}

/** The class of the error. A request with a successful response had no error that concerns its caller. */
export function errorTypeOf(request: HttpRequest): string | undefined {
  return strongest(request, request.statusCode < 400 ? 'operationError' : 'errorType');
}

/** The value of the user's attribute. Words that mean "nobody" are ignored. */
export function userIdOf(request: HttpRequest): string | undefined {
  const userId = strongest(request, 'userId');
  return userId !== undefined && !isNobody(userId) ? userId : undefined;
}

function strongest(
  request: HttpRequest,
  fact: 'errorType' | 'operationError' | 'userId',
): string | undefined {
  return request.annotations.findLast((source) => source[fact] !== undefined)?.[fact];
}

/** Parameters that the application set, weakest first. */
export function overridesOf(
  request: HttpRequest,
): (Readonly<Record<string, unknown>> | undefined)[] {
  return request.annotations.map(({ parameters }) => parameters);
}

import { type HitText, partOf } from '../hit-text.js';
import type { HttpRequest } from '../http-request.js';
import type { RouteDetails } from '../page/routes.js';
import { FIRST_FAILED_STATUS, shownMethodOf } from '../page/title.js';
import { PERF_KEYS, toParameterValue, VARIABLE_TEXT } from './parameter-values.js';

/** Reports what could not be sent. The message is built only the first time that a key occurs. */
export type ReportProblem = (key: string, message: () => string) => void;

/** The custom variables that every request has. */
export function customVariablesOf(
  request: Pick<HttpRequest, 'statusCode' | 'method'>,
): Map<string, unknown> {
  return new Map<string, unknown>([
    ['http_status_code', request.statusCode],
    ['http_method', shownMethodOf(request)],
  ]);
}

/**
 * Builds the parameter `cvar` in the form that Matomo reads: `{"1":["name","value"],…}`. Variables beyond the number of slots are reported
 * and left out.
 */
export function toCustomVariables(
  variables: ReadonlyMap<string, unknown>,
  slots: number,
  report: ReportProblem,
): string {
  const numbered: Record<number, [string, string]> = {};
  let slot = 0;
  for (const [rawName, rawValue] of variables) {
    const name = toParameterValue(VARIABLE_TEXT, rawName);
    const value = toParameterValue(VARIABLE_TEXT, rawValue);
    if (name === undefined || value === undefined) continue;
    if (slot === slots) {
      report(
        'cvar',
        () =>
          `Matomo has ${slots} slots for custom variables. ${JSON.stringify(name)} was left out. ` +
          'Use custom dimensions, or raise maxCustomVariables if your Matomo has more slots.',
      );
      break;
    }
    slot += 1;
    numbered[slot] = [name, value];
  }
  return JSON.stringify(numbered);
}

/** The custom variables of a request, if it has more than the default ones. */
export function variablesOf(
  request: HttpRequest,
  ofRoute: RouteDetails | undefined,
  privacy: 'strict' | undefined,
): Map<string, unknown> | undefined {
  const { annotations } = request;
  const errorType = privacy === 'strict' ? undefined : errorTypeOf(request);
  if (errorType === undefined && !ofRoute?.cvar && annotations.every(({ cvar }) => !cvar)) {
    return undefined;
  }
  const variables = customVariablesOf(request);
  if (errorType !== undefined) variables.set('error_type', errorType);
  for (const { cvar } of [{ cvar: ofRoute?.cvar }, ...annotations]) {
    for (const name in cvar) if (cvar[name] !== undefined) variables.set(name, cvar[name]);
  }
  return variables;
}

/** The error type; for a successful response only that of an operation, because no other error concerned the client. */
function errorTypeOf(request: HttpRequest): string | undefined {
  const name = request.statusCode < FIRST_FAILED_STATUS ? 'operationError' : 'errorType';
  return strongest(request, name);
}

/** The value of the last annotation that has one. */
export function strongest(
  { annotations }: HttpRequest,
  name: 'errorType' | 'operationError' | 'userId',
): string | undefined {
  return annotations.findLast((each) => each[name] !== undefined)?.[name];
}

/** Whether the duration is the server time. The duration of an endless stream is not, unless the stream answers one operation. */
export function isTimed(request: HttpRequest): boolean {
  if (!request.isEndless) return true;
  return request.method === 'POST' && request.operation !== undefined;
}

/** Sets the timings from spans and `measure`. Timings of the same key are added up. */
export function setTimings(hit: HitText, request: HttpRequest): void {
  for (const key of PERF_KEYS) {
    let sum: number | undefined;
    for (const { timings } of request.annotations) {
      const millis = timings?.[key];
      if (millis !== undefined) sum = (sum ?? 0) + millis;
    }
    const part = partOf(key, sum);
    if (part !== '') hit.put(key, part);
  }
}

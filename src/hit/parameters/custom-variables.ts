import type { HttpRequest } from '../http-request.js';
import { VARIABLE_TEXT } from './parameter-table.js';
import { toParameterValue } from './parameter-value.js';

/** Reports what could not be sent; the message is built the first time that a key occurs. */
export type ReportProblem = (key: string, message: () => string) => void;

/** The custom variables that every request has. */
export function customVariablesOf({
  statusCode,
  method,
}: Pick<HttpRequest, 'statusCode' | 'method'>): Map<string, unknown> {
  return new Map<string, unknown>([
    ['http_status_code', statusCode],
    ['http_method', method],
  ]);
}

/**
 * The `cvar` parameter in the numbered shape that Matomo reads: `{"1":["name","value"],…}`.
 * Variables beyond the number of slots are reported and left out.
 */
export function toCustomVariables(
  variables: ReadonlyMap<string, unknown>,
  slots: number,
  report: ReportProblem,
): string {
  const numbered: Record<number, [string, string]> = {};
  let slot = 0;
  for (const [givenName, givenValue] of variables) {
    const name = toParameterValue(VARIABLE_TEXT, givenName);
    const value = toParameterValue(VARIABLE_TEXT, givenValue);
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

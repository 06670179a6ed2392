import { nearestName } from '../nearest-name.js';
import type { ReportProblem } from './custom-variables.js';
import { declarationOf, parametersWith, RESERVED, SETTABLE } from './parameter-table.js';
import { toParameterValue } from './parameter-value.js';

const NOBODY = new Set(['', '0', 'null', 'undefined', 'anonymous']);

/** Addresses of which nothing is left after masking. */
const MASKED = /^(?:0\.0\.0\.0|::)(?:\s*,\s*(?:0\.0\.0\.0|::))*$/;

/** Whether a user ID means that there is no user: Matomo would make a user of that name of it. */
export function isNobody(userId: string): boolean {
  const text = userId.trim().toLowerCase();
  return NOBODY.has(text) || MASKED.test(text);
}

const OF_AN_EVENT = parametersWith(({ section }) => section === 'Events');

/** Sets parameters of a hit to values of the application, except `cvar`. */
export function overrideAll(
  parameters: Map<string, string>,
  overrides: Readonly<Record<string, unknown>>,
  hasToken: boolean,
  report: ReportProblem,
): void {
  for (const name of Object.keys(overrides)) {
    if (name !== 'cvar') override(parameters, name, overrides[name], hasToken, report);
  }
}

/** Sets one parameter; a value that Matomo would reject, ignore or misread is reported and left out. */
export function override(
  parameters: Map<string, string>,
  name: string,
  given: unknown,
  hasToken: boolean,
  report: ReportProblem,
): void {
  if (given === undefined) return;
  const declaration = declarationOf(name);
  if (!declaration) {
    report(`parameter ${name.slice(0, 50)}`, () => unknownParameter(name));
    return;
  }
  if (declaration.needsToken && !hasToken) {
    report(
      `token ${name}`,
      () =>
        `"${name}" needs a token. It was left out, because Matomo would reject the hit. Set tokenAuth.`,
    );
    return;
  }
  const value = toParameterValue(declaration, given);
  if (value !== undefined && !(name === 'uid' && isNobody(value))) {
    parameters.set(name, value);
    return;
  }
  report(
    `value ${name}`,
    () =>
      `A value of "${name}" is invalid. It was left out, because Matomo would reject, ignore or misread it. Correct it.`,
  );
}

/** Matomo would store half an event as a page view. */
export function completeEvent(parameters: Map<string, string>, report: ReportProblem): void {
  if (parameters.has('e_c') === parameters.has('e_a')) return;
  report(
    'event',
    () => 'An event needs both e_c and e_a. The event was left out of the hit. Set both.',
  );
  for (const name of OF_AN_EVENT) parameters.delete(name);
}

function unknownParameter(name: string): string {
  const start = name.slice(0, 50);
  const shown = JSON.stringify(start);
  if (RESERVED.has(name))
    return `${shown} cannot be set for a request. It was left out. Remove it.`;
  const near = nearestName(start, [...SETTABLE, 'dimension1', 'cvar.NAME']);
  const hint = near === undefined ? '' : ` (did you mean "${near}"?)`;
  return `${shown} is not a tracking parameter of Matomo${hint}. It was left out. Correct or remove it.`;
}

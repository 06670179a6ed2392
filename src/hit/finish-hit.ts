import { memoize } from '../common/generation-cache.js';
import { isRecord, isThenable } from '../common/is-record.js';
import type { Hit } from './hit.js';
import type { ReportProblem } from './parameters/custom-variables.js';
import { override } from './parameters/overrides.js';
import { OF_EVERY_HIT, RESERVED } from './parameters/parameter-table.js';
import { cleanText, encodeValue, isPlain } from './text.js';
import { HIDDEN_ADDRESS } from './visitor/mask-address.js';

/** The parameters as `beforeSend` returns them, and those that every hit needs; `undefined` if it drops the hit. */
export function callBeforeSend(
  parameters: Map<string, string>,
  beforeSend: ((parameters: Record<string, string>) => unknown) | undefined,
  hasToken: boolean,
  report: ReportProblem,
): Map<string, string> | undefined {
  if (!beforeSend) return parameters;
  const given = call(beforeSend, parameters, report);
  if (given === undefined) return undefined;
  const checked = new Map([
    ['idsite', parameters.get('idsite') as string],
    ['rec', '1'],
    ['apiv', '1'],
  ]);
  for (const name of Object.keys(given)) {
    const value = given[name];
    // Reserved ones keep their value: some decide whether Matomo makes a visit of a hit.
    if (RESERVED.has(name) && parameters.has(name)) copy(name, parameters, checked);
    else if (name !== 'cvar') override(checked, name, value, hasToken, report, 'beforeSend');
    else if (typeof value === 'string') checked.set(name, cleanText(value));
  }
  if (!checked.has('ua')) checked.set('ua', '-');
  if (!checked.has('cdt')) checked.set('cdt', parameters.get('cdt') as string);
  for (const name of RESERVED) copy(name, parameters, checked);
  return checked;
}

/** Removes what must not be sent, whatever set it. */
export function hideCaller(
  parameters: Map<string, string>,
  {
    hidesAddress = false,
    hidesUserId = false,
  }: { hidesAddress?: boolean | undefined; hidesUserId?: boolean | undefined },
): void {
  if (hidesAddress && parameters.has('cip')) parameters.set('cip', HIDDEN_ADDRESS);
  if (hidesUserId) parameters.delete('uid');
}

function copy(name: string, from: ReadonlyMap<string, string>, to: Map<string, string>): void {
  const value = from.get(name);
  if (value !== undefined) to.set(name, value);
}

/** It gets a copy. If it fails, the hit is dropped: it may exist to keep something from leaving. */
function call(
  beforeSend: (parameters: Record<string, string>) => unknown,
  parameters: ReadonlyMap<string, string>,
  report: ReportProblem,
): Record<string, unknown> | undefined {
  try {
    const given = beforeSend(Object.fromEntries(parameters));
    if (isRecord(given)) return { ...given };
    if (given === null) return undefined;
    const isPromise = isThenable(given);
    if (isPromise) given.then(undefined, () => undefined); // a rejection would end the process
    const what = isPromise ? 'a promise' : Array.isArray(given) ? 'a list' : typeof given;
    failed(`returned ${what}`);
  } catch (error) {
    failed(`threw ${error instanceof Error ? error.name : typeof error}`);
  }
  return undefined;

  function failed(what: string): void {
    report(
      'callback beforeSend',
      () =>
        `The option beforeSend ${what}. The hit was dropped. Return the parameters, or null to drop a hit on purpose.`,
    );
  }
}

/** A crash for the CrashAnalytics plugin: the class of the error, and never its message. */
export function toCrash(
  parameters: ReadonlyMap<string, string>,
  errorType: string,
): Map<string, string> {
  const crash = new Map<string, string>();
  for (const [name, value] of parameters) {
    if (OF_EVERY_HIT.has(name) || name === 'cdt') crash.set(name, value);
  }
  const type = cleanText(errorType).slice(0, 200);
  crash.set('ca', '1').set('cra', type).set('cra_tp', type);
  return crash;
}

export function toHit(parameters: ReadonlyMap<string, string>, kind: Hit['kind']): Hit {
  return {
    site: Number(parameters.get('idsite')),
    visitor: parameters.get('uid') ?? parameters.get('cid') ?? '',
    startSeconds: Number(parameters.get('cdt')) - Number(parameters.get('cdo') ?? 0),
    kind,
    query: toQueryString(parameters),
    isPlain: !parameters.has('recMode'),
  };
}

/** Titles, user agents and custom variables come again with every hit. */
const encodeOnce = /* @__PURE__ */ memoize(encodeValue);

function toQueryString(parameters: ReadonlyMap<string, string>): string {
  let query = '';
  for (const [name, value] of parameters) {
    query += `${query === '' ? '?' : '&'}${name}=${isPlain(value) ? value : encodeOnce(value)}`;
  }
  return query;
}

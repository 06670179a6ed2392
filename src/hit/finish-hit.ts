import { errorName } from '../common/describe-error.js';
import { isRecord, isThenable } from '../common/is-record.js';
import { HitFields, siteFields } from './field.js';
import type { Hit, HitKind } from './hit.js';
import type { ReportProblem } from './parameters/custom-variables.js';
import { override } from './parameters/overrides.js';
import { OF_EVERY_HIT, RESERVED } from './parameters/parameter-table.js';
import { cleanText } from './text.js';

/** The parameters as `beforeSend` returns them, and those that every hit needs; `undefined` if it drops the hit. */
export function callBeforeSend(
  parameters: HitFields,
  beforeSend: (parameters: Record<string, string>) => unknown,
  hasToken: boolean,
  report: ReportProblem,
): HitFields | undefined {
  const returned = call(beforeSend, parameters, report);
  if (returned === undefined) return undefined;
  const checked = new HitFields([siteFields(parameters.get('idsite') as string)]);
  for (const name of Object.keys(returned)) {
    const value = returned[name];
    const before = parameters.find(name);
    // Reserved ones keep their value: some decide whether Matomo makes a visit of a hit.
    if (before && (before.value === value || RESERVED.has(name))) checked.add(before);
    else if (name !== 'cvar') override(checked, name, value, { hasToken, report }, 'beforeSend');
    else if (typeof value === 'string') checked.set(name, cleanText(value));
  }
  if (!checked.has('ua')) checked.set('ua', '-');
  if (!checked.has('cdt')) checked.add(parameters.find('cdt'));
  for (const name of RESERVED) checked.add(parameters.find(name));
  return checked;
}

/** `beforeSend` gets a copy. If it throws, the hit is dropped: the callback may exist to keep data from Matomo. */
function call(
  beforeSend: (parameters: Record<string, string>) => unknown,
  parameters: HitFields,
  report: ReportProblem,
): Record<string, unknown> | undefined {
  try {
    const returned = beforeSend(parameters.toObject());
    if (isRecord(returned)) return { ...returned };
    if (returned === null) return undefined;
    const isPromise = isThenable(returned);
    if (isPromise) returned.then(undefined, () => undefined); // a rejection would end the process
    const what = isPromise ? 'a promise' : Array.isArray(returned) ? 'a list' : typeof returned;
    failed(`returned ${what}`);
  } catch (error) {
    failed(`threw ${errorName(error)}`);
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
export function toCrash(parameters: HitFields, errorType: string): HitFields {
  const crash = new HitFields();
  for (const field of parameters.toList()) {
    if (OF_EVERY_HIT.has(field.name) || field.name === 'cdt') crash.add(field);
  }
  const type = cleanText(errorType).slice(0, 200);
  crash.set('ca', '1');
  crash.set('cra', type);
  crash.set('cra_tp', type);
  return crash;
}

/** A class for the reason that `Field` has. */
export class BuiltHit implements Hit {
  readonly site: number;
  readonly visitor: string;
  readonly startSeconds: number;
  readonly kind: HitKind;
  readonly query: string;

  constructor(parameters: HitFields, kind: HitKind, startSeconds = parameters.startSeconds) {
    this.site = parameters.site;
    this.visitor = parameters.visitor;
    this.startSeconds = startSeconds;
    this.kind = kind;
    this.query = parameters.toQuery();
  }
}

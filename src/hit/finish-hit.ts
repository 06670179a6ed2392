import { HitFields, siteFields } from './field.js';
import type { Hit, HitKind } from './hit.js';
import type { ReportProblem } from './parameters/custom-variables.js';
import { override } from './parameters/overrides.js';
import { OF_EVERY_HIT, RESERVED } from './parameters/parameter-table.js';
import { cleanText } from './text.js';

/** The last word on the parameters of a hit, which gets a copy of them. `undefined` drops the hit. */
export type BeforeSend = (parameters: Record<string, string>) => object | null | undefined;

/** The parameters as `beforeSend` returns them, and those that every hit needs; `undefined` if it drops the hit. */
export function callBeforeSend(
  parameters: HitFields,
  beforeSend: BeforeSend,
  hasToken: boolean,
  report: ReportProblem,
): HitFields | undefined {
  const returned = beforeSend(parameters.toObject());
  if (!returned) return undefined;
  const checked = new HitFields([siteFields(parameters.get('idsite') as string)]);
  for (const [name, value] of Object.entries(returned)) {
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

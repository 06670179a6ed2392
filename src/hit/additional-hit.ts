import { isRecord } from '../common/is-record.js';
import { HitText } from './hit-text.js';
import { toCustomVariables } from './parameters/annotations.js';
import { type OverrideOptions, overrideAll } from './parameters/overrides.js';
import { DECIDING_KIND, SHARED } from './parameters/parameter-table.js';

/** A hit that is sent in addition to the page view. `trackEvent` and similar functions create one, and so do span events. */
export interface AdditionalHit {
  /** Parameters by Matomo's names, not yet validated. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly epochMillis: number;
}

/** An additional hit after validation: Matomo stores its parameters as they are. */
export interface CheckedHit {
  readonly own: HitText;
  readonly epochMillis: number;
}

/** The reasons for which an additional hit is dropped. Hits of visitors who are not tracked are not counted. */
export type DropReason = 'too_many' | 'no_visitor' | 'invalid' | 'predicate';

interface CheckOptions extends OverrideOptions {
  readonly maxCustomVariables: number;
}

/**
 * Validates an additional hit. Returns `undefined` if Matomo would store something else than the application meant.
 * `request/functions.ts` has already validated the arguments of `trackEvent` and similar functions.
 */
export function checkAdditionalHit(
  hit: AdditionalHit,
  options: CheckOptions,
): CheckedHit | undefined {
  const { parameters, epochMillis } = hit;
  const { report } = options;
  const own = readOwn(hit, options);
  if (!own) return undefined;
  const isWhole = (parameters.e_c === undefined) === (parameters.e_a === undefined);
  if (!isWhole) {
    report(
      'additional event',
      () => 'An event needs both e_c and e_a. The hit was dropped. Set both.',
    );
    return undefined;
  }
  if (own.parts().every(([name]) => SHARED.has(name) && name !== 'url')) {
    report(
      'additional nothing',
      () => 'A hit has no parameters of its own. It was dropped. Set what it is about.',
    );
    return undefined;
  }
  return { own, epochMillis };
}

/** The effect of leaving out a parameter that the application meant to set, in the words of a message. */
const EFFECTS: ReadonlyMap<string, string> = /* @__PURE__ */ new Map([
  ['cdt', 'have the time of the call'],
  ['revenue', 'have another revenue'],
]);

/** Reports and leaves out parameters that Matomo would reject. Returns `undefined` if the hit would mean something else without them. */
function readOwn(
  { parameters, epochMillis: nowMillis }: AdditionalHit,
  { hasToken, report, redactUrl, maxCustomVariables }: CheckOptions,
): HitText | undefined {
  const checked = new HitText();
  const overriding = { hasToken, report, redactUrl, nowMillis };
  overrideAll(checked, parameters, overriding, 'an additional hit');
  for (const name of Object.keys(parameters)) {
    const effect = DECIDING_KIND.has(name) ? 'be a page view' : EFFECTS.get(name);
    if (effect === undefined || parameters[name] === undefined || checked.has(name)) continue;
    report(
      `additional ${name}`,
      () =>
        `A hit has an invalid "${name}". It was dropped, because it would ${effect}. Correct the value.`,
    );
    return undefined;
  }
  const { cvar } = parameters;
  if (isRecord(cvar) && maxCustomVariables > 0) {
    const variables = new Map(Object.entries(cvar));
    checked.set('cvar', toCustomVariables(variables, maxCustomVariables, report));
  }
  return checked;
}

/**
 * Adds the parameters of an additional hit to the shared ones. Matomo ignores
 * an invalid time or one in the future, so `nowMillis` replaces it.
 */
export function addAdditionalHit(
  hit: HitText,
  { own, epochMillis }: CheckedHit,
  nowMillis: number,
): void {
  const millis = epochMillis < nowMillis ? epochMillis : nowMillis;
  hit.set('cdt', String(Math.floor(millis / 1000)));
  for (const [name, part] of own.parts()) hit.put(name, part);
}

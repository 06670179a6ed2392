import { isRecord } from '../common/is-record.js';
import { HitText } from './hit-text.js';
import { toCustomVariables } from './parameters/annotations.js';
import { type OverrideOptions, overrideAll } from './parameters/overrides.js';
import { DECIDING_KIND, SHARED } from './parameters/parameter-table.js';

/** A hit besides the page view, as `trackEvent` and its siblings or a span event describe it. */
export interface AdditionalHit {
  /** Parameters by Matomo's names, not yet checked. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly epochMillis: number;
}

/** A described hit with parameters that Matomo stores as they are. */
export interface CheckedHit {
  readonly own: HitText;
  readonly epochMillis: number;
}

/** Why an additional hit is not sent. Hits of visitors who are not tracked are not counted. */
export type DropReason = 'too_many' | 'no_visitor' | 'invalid' | 'predicate';

interface CheckOptions extends OverrideOptions {
  readonly maxCustomVariables: number;
}

/**
 * The parameters of an additional hit as they may be sent; `undefined` if Matomo would store something else. Arguments of `trackEvent` and its
 * siblings are checked before, in `request/functions.ts`.
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

/** The effect, in a message, of leaving out a parameter that the application meant to set. */
const EFFECTS: ReadonlyMap<string, string> = /* @__PURE__ */ new Map([
  ['cdt', 'have the time of the call'],
  ['revenue', 'have another revenue'],
]);

/** Reports and leaves out what Matomo would reject. */
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

/** Adds an additional hit to what it shares with its page view. A time that is in the future, or no number, would be ignored. */
export function addAdditionalHit(
  hit: HitText,
  { own, epochMillis }: CheckedHit,
  nowMillis: number,
): void {
  const millis = epochMillis < nowMillis ? epochMillis : nowMillis;
  hit.set('cdt', String(Math.floor(millis / 1000)));
  for (const [name, part] of own.parts()) hit.put(name, part);
}

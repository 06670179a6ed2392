import { show } from '../common/diagnostics.js';
import { nearestName } from '../hit/nearest-name.js';
import { optionError } from '../options/option-error.js';

/** Takes the name and the value of an option and returns its value, or throws. */
type OptionParser<T = unknown> = (name: string, value: unknown) => T;

type Parsed<Parsers extends Record<string, OptionParser>> = {
  [Name in keyof Parsers]?: ReturnType<Parsers[Name]> | undefined;
};

/**
 * Checks the options of a function or the properties of an option, and returns a copy. `place` is the function with parentheses, or the
 * option. Those that are `undefined` count as missing.
 *
 * @throws OptionError naming option and value; for an unknown name, the nearest known one
 */
export function parseOptions<Parsers extends Record<string, OptionParser>>(
  place: string,
  options: unknown,
  parsers: Parsers,
): Parsed<Parsers> {
  if (!isRecord(options)) throw invalid(place, 'an object of options', options);
  const isFunction = place.endsWith('()');
  const parsed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    const parse = Object.hasOwn(parsers, name) ? parsers[name] : undefined;
    if (parse === undefined) {
      const near = nearestName(name, Object.keys(parsers));
      const advice = near
        ? `did you mean ${near}?`
        : `the options are ${Object.keys(parsers).join(', ')}`;
      throw unknownOption(name, place, value, advice);
    }
    if (value !== undefined) parsed[name] = parse(isFunction ? name : `${place}.${name}`, value);
  }
  return parsed as Parsed<Parsers>;
}

export function unknownOption(
  name: string,
  place: string,
  value: unknown,
  advice: string,
): TypeError {
  return optionError(`unknown option ${show(name)} of ${place}, got ${show(value)}: ${advice}`);
}

export function invalid(name: string, wanted: string, value: unknown): TypeError {
  return optionError(`${name} must be ${wanted}, got ${show(value)}`);
}

/** An object that is read by its keys: no list and no `Map`, which has none. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !(Symbol.iterator in value);
}

export function text(name: string, value: unknown): string {
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw invalid(name, 'text', value);
}

/** Unlike for the processor, no value comes from the environment: `'false'` is a mistake. */
export function flag(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw invalid(name, 'true or false', value);
}

export function wholeNumber(min: number, max: number): OptionParser<number> {
  return (name, value) => {
    if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) {
      return value as number;
    }
    throw invalid(name, `a whole number from ${min} to ${max}`, value);
  };
}

export function listOf<T>(parse: OptionParser<T>): OptionParser<readonly T[]> {
  return (name, value) => {
    if (!Array.isArray(value)) throw invalid(name, 'a list', value);
    return value.map((item, index) => parse(`${name}[${index}]`, item));
  };
}

/** Milliseconds that a timer can wait. */
export const waitMillis: OptionParser<number> = wholeNumber(0, 2_147_483_647);

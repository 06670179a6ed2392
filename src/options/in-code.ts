import { show } from '../common/diagnostics.js';
import { isRecord } from '../common/is-record.js';
import { nearestName } from '../hit/nearest-name.js';
import type { OptionDeclarations, ResolvedValues } from './declaration.js';
import { type OptionError, optionError, showValue } from './option-error.js';
import { invalid, type Parser, parser } from './parser.js';

/**
 * Resolves options that only code passes: those of a function, such as `play()`, or the properties of an option.
 *
 * @throws OptionError naming option and value; for an unknown name, the nearest known one
 */
export function resolveInCode<Declarations extends OptionDeclarations>(
  place: string,
  declarations: Declarations,
  inCode: unknown,
): ResolvedValues<Declarations> {
  const set = parseInCode(declarations, inCode, place);
  const values = Object.entries(declarations).map(([name, declaration]) => {
    return [name, set[name] ?? declaration.default];
  });
  return Object.fromEntries(values) as ResolvedValues<Declarations>;
}

/** Parses the options that code sets: those of the package, or of a place. */
export function parseInCode(
  declarations: OptionDeclarations,
  inCode: unknown,
  place?: string,
): Record<string, unknown> {
  checkIsObject(inCode, place);
  const prefix = place === undefined || place.endsWith('()') ? '' : `${place}.`;
  const set: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(inCode)) {
    const declaration = Object.hasOwn(declarations, name) ? declarations[name] : undefined;
    if (!declaration) throw unknownOption(name, value, Object.keys(declarations), place);
    const { instead, parse } = declaration;
    if (instead !== undefined) {
      throw optionError(`${name} is only for register; in code use ${instead}`);
    }
    if (value !== undefined) set[name] = parse(prefix + name, value);
  }
  return set;
}

/** A list, a `Map` or a promise has no options, so that the environment would apply alone. */
export function checkIsObject(
  inCode: unknown,
  place = 'options',
): asserts inCode is Record<string, unknown> {
  if (!isRecord(inCode)) throw invalid(place, 'an object of options', inCode);
}

function unknownOption(
  name: string,
  value: unknown,
  known: readonly string[],
  place: string | undefined,
): OptionError {
  const near = nearestOption(name, known);
  const all = place
    ? `the options are ${known.join(', ')}`
    : 'docs/configuration.md lists all options';
  const where = place ? ` of ${place}, got ${showValue(value)}` : '';
  const advice = near ? `did you mean ${near}?` : all;
  return optionError(`unknown option ${show(name)}${where}: ${advice}`);
}

/** Shorter parts of names occur in many of them. */
const SHORTEST_PART = 3;

/** The option with nearly that name, else the only one whose name contains it, as `tokenAuth` contains `token`. */
function nearestOption(name: string, known: readonly string[]): string | undefined {
  const near = nearestName(name, known);
  if (near !== undefined || name.length < SHORTEST_PART) return near;
  const part = name.toLowerCase();
  const containing = known.filter((option) => option.toLowerCase().includes(part));
  return containing.length === 1 ? containing[0] : undefined;
}

export const text: Parser<string> = parser('text', (value) =>
  typeof value === 'string' && value.trim() !== '' ? value : undefined,
);

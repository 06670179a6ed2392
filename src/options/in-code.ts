import { show } from '../common/diagnostics.js';
import { isRecord } from '../common/is-record.js';
import { nearestName } from '../hit/nearest-name.js';
import type { OptionDeclarations, ResolvedValues } from './declaration.js';
import { optionError, showValue } from './option-error.js';
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
  if (!isRecord(inCode)) throw invalid(place, 'an object of options', inCode);
  const names = Object.keys(declarations);
  const unknown = Object.keys(inCode).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const near = nearestName(unknown, names);
    const advice = near ? `did you mean ${near}?` : `the options are ${names.join(', ')}`;
    const got = showValue(inCode[unknown]);
    throw optionError(`unknown option ${show(unknown)} of ${place}, got ${got}: ${advice}`);
  }
  const prefix = place.endsWith('()') ? '' : `${place}.`;
  const values = Object.entries(declarations).map(([name, declaration]) => {
    const value = inCode[name];
    return [
      name,
      value === undefined ? declaration.default : declaration.parse(prefix + name, value),
    ];
  });
  return Object.fromEntries(values) as ResolvedValues<Declarations>;
}

export const text: Parser<string> = parser('text', (value) =>
  typeof value === 'string' && value.trim() !== '' ? value : undefined,
);

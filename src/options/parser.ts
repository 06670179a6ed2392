import { type OptionError, optionError, showValue } from './option-error.js';
import type { Syntax } from './syntax.js';

/**
 * Takes the name of an option or variable and its value, and returns the resolved value. Throws an `OptionError` that names both, but
 * never shows a secret. `InCode` is the type of the option in code.
 */
export interface Parser<Resolved, InCode = Resolved> {
  (name: string, value: unknown): Resolved;
  /** What a value must be, for messages and docs/configuration.md. */
  readonly wanted: string;
  /** How a variable writes the value, unless it is text. */
  readonly syntax?: Syntax | undefined;
  /** Exists for the type only. */
  readonly inCode?: InCode;
}

interface ParserSettings {
  readonly syntax?: Syntax;
  /** What a value in code may be besides. */
  readonly orInCode?: string;
}

/** `parse` returns `undefined` if the value is not what is wanted. It throws if another message helps more. */
export function parser<Resolved, InCode = Resolved>(
  wanted: string,
  parse: (value: unknown, name: string) => Resolved | undefined,
  { syntax, orInCode }: ParserSettings = {},
): Parser<Resolved, InCode> {
  function parseOption(name: string, value: unknown): Resolved {
    const parsed = parse(value, name);
    if (parsed !== undefined) return parsed;
    const all = orInCode === undefined || isVariable(name) ? wanted : `${wanted} or ${orInCode}`;
    throw invalid(name, all, value);
  }
  return Object.assign(parseOption, { wanted, syntax });
}

export function invalid(name: string, wanted: string, value: unknown): OptionError {
  return optionError(`${name} must be ${wanted}, got ${showValue(value)}`);
}

/** Whether a value is from the environment, by the name that messages about it have. */
export function isVariable(name: string): boolean {
  return name.startsWith('MATOMO_');
}

import { type OptionDeclaration, type OptionDeclarations, problemOf } from '../options/option.js';
import type { ResolvedOptions } from '../options/option-table.js';
import {
  DECLARATIONS,
  type DeclaredName,
  readText,
  readVariables,
} from '../options/resolve-options.js';

/** Means that the command line is invalid. */
export class UsageError extends Error {}

/**
 * Reads an option from the environment; `undefined` if it is not set.
 *
 * @throws UsageError if it is invalid
 */
export function readOption<Name extends DeclaredName>(
  name: Name,
): ResolvedOptions[Name] | undefined {
  const declaration = DECLARATIONS[name] as OptionDeclaration<ResolvedOptions[Name]>;
  return orUsageError(() => readVariables(declaration, process.env));
}

/** Runs a function that reads values of users. Any of its errors becomes a `UsageError`. */
export function orUsageError<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    throw new UsageError(problemOf(error));
  }
}

/**
 * Converts flags to options of a function.
 *
 * @throws a usage error if a flag is invalid
 */
export function readFlags(
  declarations: OptionDeclarations,
  flags: Readonly<Record<string, string | boolean | undefined>>,
): Record<string, unknown> {
  const options = Object.entries(flags).map(([flag, given]) => {
    const name = flag.replace(/-./g, ([, letter = '']) => letter.toUpperCase());
    const { parse } = declarations[name] as OptionDeclaration<unknown>;
    const value = typeof given === 'string' ? readText(parse, given) : given;
    parse(`--${flag}`, value); // so that its error names the flag
    return [name, value];
  });
  return Object.fromEntries(options);
}

/** Whether an error is about the command line. */
export function isUsageError(error: unknown): boolean {
  const { code = '' } = error as { code?: string };
  // `parseArgs` has its own codes. Values of flags are parsed like options, under names that begin with `--`.
  const isFlagValue = code === 'option-invalid' && problemOf(error).startsWith('--');
  return error instanceof UsageError || code.startsWith('ERR_PARSE_ARGS') || isFlagValue;
}

import type { OptionDeclaration } from '../options/declaration.js';
import { DECLARATIONS, type DeclaredName, readVariables } from '../options/environment.js';
import type { ResolvedOptions } from '../options/option-table.js';
import { type OptionError, problemOf } from '../options/parser.js';

/** The command line is invalid. */
export class UsageError extends Error {}

/**
 * Reads an option from the environment; `undefined` if it is not set.
 *
 * @throws Invalid if it is invalid
 */
export function readOption<Name extends DeclaredName>(
  name: Name,
  Invalid: new (problem: string) => Error = UsageError,
): ResolvedOptions[Name] | undefined {
  const declaration = DECLARATIONS[name] as OptionDeclaration<ResolvedOptions[Name]>;
  try {
    return readVariables(declaration, process.env);
  } catch (error) {
    throw new Invalid(problemOf(error));
  }
}

/**
 * The error of a command whose options come from flags: a usage error if one of them is invalid, which begins the message. Messages about
 * variables begin with their names.
 */
export function toFlagError(error: Error, options: Readonly<Record<string, unknown>>): Error {
  const problem = problemOf(error);
  const [name = ''] = /^\w+/.exec(problem) ?? [];
  if (!isInvalidOption(error) || options[name] === undefined) return error;
  const flag = name.replace(/[A-Z]/g, '-$&').toLowerCase();
  return new UsageError(`--${flag}${problem.slice(name.length)}`);
}

/** Whether an error is about the command line. */
export function isUsageError(error: unknown): boolean {
  const { code = '' } = error as { code?: string };
  // `parseArgs` has its own codes, and the values of some flags are parsed like options.
  const isFlagValue = isInvalidOption(error) && problemOf(error).startsWith('--');
  return error instanceof UsageError || code.startsWith('ERR_PARSE_ARGS') || isFlagValue;
}

function isInvalidOption(error: unknown): boolean {
  return (error as Partial<OptionError>).code === 'option-invalid';
}

import { splitCode } from '../common/messages.js';
import { type DeclaredName, readEnvironment } from '../options/environment.js';
import { problemOf } from '../options/option-error.js';

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
) {
  return readEnvironment(name, process.env, {
    error(message) {
      // Without its effect on an application, and the advice.
      const effect = /\. (?:The variable is ignored|No token is used)\. .*$/;
      throw new Invalid(splitCode(message).text.replace(effect, ''));
    },
  });
}

/**
 * The error of a command whose options come from flags: a usage error if it is about one of them, which begins its message.
 * Messages about variables begin with their names.
 */
export function toFlagError(error: Error, options: Readonly<Record<string, unknown>>): Error {
  const problem = problemOf(error);
  const [name = ''] = /^\w+/.exec(problem) ?? [];
  if (options[name] === undefined) return error;
  const flag = name.replace(/[A-Z]/g, '-$&').toLowerCase();
  return new UsageError(`--${flag}${problem.slice(name.length)}`);
}

/** Whether an error is about the command line. */
export function isUsageError(error: unknown): boolean {
  const { code = '' } = error as { code?: string };
  // `parseArgs` has its own codes, and the values of some flags are parsed like options.
  const isFlagValue = code === 'option-invalid' && problemOf(error).startsWith('--');
  return error instanceof UsageError || code.startsWith('ERR_PARSE_ARGS') || isFlagValue;
}

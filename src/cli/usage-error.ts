import { splitCode } from '../common/messages.js';
import { problemOf } from '../options/option-error.js';

/** The command line is invalid. */
export class UsageError extends Error {}

/** The error of a message about an invalid variable. */
export function toUsageError(message: string): UsageError {
  return new UsageError(withoutEffect(message));
}

/** A message about an invalid variable, without its effect on an application and the advice. */
export function withoutEffect(message: string): string {
  const { text } = splitCode(message);
  return text.replace(/\. (?:The variable is ignored|No token is used)\. .*$/, '');
}

/** Whether an error is about the command line. */
export function isUsageError(error: unknown): boolean {
  const { code = '' } = error as { code?: string };
  // `parseArgs` has its own codes, and the values of some flags are parsed like options.
  const isFlagValue = code === 'option-invalid' && problemOf(error).startsWith('--');
  return error instanceof UsageError || code.startsWith('ERR_PARSE_ARGS') || isFlagValue;
}

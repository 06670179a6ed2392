/** The command line asks for something that does not exist. */
export class UsageError extends Error {}

/** Whether the command line is wrong, and not what it was to do. */
export function isUsageError(error: unknown): boolean {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  // `parseArgs` has codes of its own, and a flag's value is checked as an option is.
  const isFlagValue = code === 'option-wrong' && message.startsWith('--');
  return error instanceof UsageError || code.startsWith('ERR_PARSE_ARGS') || isFlagValue;
}

/** The command line is invalid. */
export class UsageError extends Error {}

/** Whether an error is about the command line. */
export function isUsageError(error: unknown): boolean {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  // `parseArgs` has its own codes, and the values of some flags are parsed like options.
  const isFlagValue = code === 'option-wrong' && message.startsWith('--');
  return error instanceof UsageError || code.startsWith('ERR_PARSE_ARGS') || isFlagValue;
}

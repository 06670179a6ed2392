import { readFileSync } from 'node:fs';
import { secret } from '../../options/option-values.js';
import { readEnvironment } from '../../options/resolve-options.js';
import { problemOf } from '../../options/wrong-option.js';
import { toUsageError, UsageError } from '../usage-error.js';
import { promptSecret } from './prompt.js';

/** A token for setup only, so that applications need none with write access. */
export const SETUP_TOKEN = 'MATOMO_SETUP_TOKEN';

const SOURCES = `--token-file FILE, ${SETUP_TOKEN}, MATOMO_TOKEN_AUTH or MATOMO_TOKEN_AUTH_FILE`;

/**
 * Reads the token from a file, from the environment, or from the terminal.
 *
 * @throws UsageError if there is none
 */
export async function readToken(
  file: string | undefined,
  env: Readonly<NodeJS.ProcessEnv>,
): Promise<string> {
  if (file !== undefined) return parse('the content of --token-file', readText(file));
  const own = env[SETUP_TOKEN]?.trim();
  if (own) return parse(SETUP_TOKEN, own);
  const problems: string[] = [];
  const token = readEnvironment('tokenAuth', env, { error: (text) => void problems.push(text) });
  if (token !== undefined) return token;
  if (problems[0] !== undefined) throw toUsageError(problems[0]);
  const typed = await promptSecret('Token of a user with write access (not shown): ');
  if (typed === undefined) {
    throw new UsageError(`there is no token; set ${SOURCES}, or type it at a terminal`);
  }
  return parse('the token', typed);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`the file in --token-file cannot be read (${code})`);
  }
}

/** Validates a token. No message contains it. */
function parse(name: string, text: string): string {
  try {
    return secret(name, text);
  } catch (error) {
    throw new UsageError(problemOf(error));
  }
}

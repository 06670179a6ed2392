import type { SetupResult } from '../../src/cli/setup/report.js';
import { runNode } from './child-process.js';
import { type ApiRole, tokenOf } from './matomo-api.js';

export const MAIN = 'dist/esm/cli/main.js';

/** Environment of a command that uses the token of a role. */
export function environmentOf(
  { url }: { readonly url: string },
  role: ApiRole = 'write',
): Record<string, string> {
  return { MATOMO_URL: url, MATOMO_SITE_ID: '1', MATOMO_SETUP_TOKEN: tokenOf(role) };
}

/** Runs `setup` as a script does, without a terminal. */
export async function runSetup(
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
) {
  const ended = await runNode([MAIN, 'setup', ...args], { env });
  return { ...ended, output: ended.stdout + ended.stderr };
}

/** Runs `setup --json`. Fails if stdout is anything but the one object. */
export async function runSetupAsJson(
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
) {
  const ended = await runSetup(env, ['--json', ...args]);
  return { ...ended, result: JSON.parse(ended.stdout) as SetupResult };
}

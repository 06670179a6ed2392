import { format } from 'node:util';
import { vi } from 'vitest';
import type { Finding } from '../../src/cli/doctor/checks.js';
import { diagnose } from '../../src/cli/doctor/diagnose.js';
import { runCommand } from '../../src/cli/run-command.js';
import { runNode } from './child-process.js';
import { type ApiRole, type MatomoApiOptions, startMatomoApi, tokenOf } from './matomo-api.js';
import { type MatomoRules, startPlayedMatomo } from './played-matomo.js';

export const MAIN = 'dist/cjs/cli/main.js';

/** Runs a command in this process, without a terminal, as `MAIN` does in its own. */
export async function runCli(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const written = { stdout: '', stderr: '' };
  const onWarning = process.listeners('warning');
  for (const [name, method] of [
    ['stdout', 'log'],
    ['stderr', 'error'],
  ] as const) {
    const write = (text: unknown) => {
      written[name] += String(text);
      return true;
    };
    vi.spyOn(process[name], 'write').mockImplementation(write);
    vi.spyOn(console, method).mockImplementation((...values) => {
      write(`${format(...values)}\n`);
    });
  }
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('MATOMO_')) vi.stubEnv(name, undefined);
  }
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  try {
    await runCommand(args);
    const code = Number(process.exitCode ?? 0);
    return { code, ...written, output: written.stdout + written.stderr };
  } finally {
    process.exitCode = undefined;
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
    process.removeAllListeners('warning');
    for (const listener of onWarning) process.on('warning', listener);
  }
}

/** Runs the checks in this process, as `doctor --json` does in its own. */
export async function runChecks(env: Readonly<Record<string, string>>, { sends = false } = {}) {
  const findings = await diagnose({ env, app: process.cwd(), sends });
  const isFine = findings.every(({ verdict }) => verdict !== 'problem');
  return toDiagnosis(isFine ? 0 : 1, JSON.stringify(findings), findings);
}

/** Runs the checks against an inspector, and a Matomo that plays its API back. */
export async function checkWithApi(
  api: MatomoApiOptions,
  { env = {}, role = 'write' as ApiRole, inspector = {} as MatomoRules, sends = false } = {},
) {
  const { url, hits } = await startPlayedMatomo(inspector);
  const matomo = await startMatomoApi({ tracker: url, ...api });
  const given = { MATOMO_URL: matomo.url, MATOMO_SITE_ID: '1', MATOMO_TOKEN_AUTH: tokenOf(role) };
  return { ...(await runChecks({ ...given, ...env }, { sends })), hits, matomo };
}

/** Runs `doctor --json` as a user does: for variables that Node.js reads itself. Fails if it writes anything but its one object. */
export async function runDoctor(env: Readonly<Record<string, string>>) {
  const { code, stdout, stderr } = await runNode([MAIN, 'doctor', '--json'], { env });
  if (stderr !== '') throw new Error(`on stderr: ${stderr}`);
  const { findings } = JSON.parse(stdout) as { findings: Finding[] };
  return toDiagnosis(code, stdout, findings);
}

/** `output` is all that is written, to look for what must not be there. */
function toDiagnosis(code: number | null, output: string, findings: readonly Finding[]) {
  const about = (check: Finding['check']) => findings.filter((finding) => finding.check === check);
  return { code, output, findings, about };
}

export function environmentOf(
  { url }: { readonly url: string },
  role: ApiRole = 'write',
): Record<string, string> {
  return { MATOMO_URL: url, MATOMO_SITE_ID: '1', MATOMO_SETUP_TOKEN: tokenOf(role) };
}

export function runSetup(env: Readonly<Record<string, string>>, args: readonly string[] = []) {
  return runCli(['setup', ...args], env);
}

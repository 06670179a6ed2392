import type { Finding } from '../../src/cli/doctor/checks.js';
import { diagnose } from '../../src/cli/doctor/diagnose.js';
import { runNode } from './child-process.js';

const MAIN = 'dist/esm/cli/main.js';

interface Diagnosis {
  /** The exit code of the command. */
  readonly code: number | null;
  /** All that is written, to look for what must not be there. */
  readonly output: string;
  readonly findings: readonly Finding[];
  /** The findings of one check. */
  about(check: Finding['check']): readonly Finding[];
}

/** Runs the checks in this process, as `doctor --json` does in its own. */
export async function runChecks(
  env: Readonly<Record<string, string>>,
  { sends = false, goals = [] as readonly number[] } = {},
): Promise<Diagnosis> {
  const findings = await diagnose({ env, app: process.cwd(), sends, goals });
  const isFine = findings.every(({ verdict }) => verdict !== 'problem');
  return { code: isFine ? 0 : 1, output: JSON.stringify(findings), ...readable(findings) };
}

/**
 * Runs `doctor --json` as a user does: for variables that Node.js or undici read themselves, and a few runs end to end. Fails if it writes
 * anything but its one object.
 */
export async function runDoctor(
  env: Readonly<Record<string, string>>,
  { args = [], cwd, main = MAIN }: { args?: string[]; cwd?: string; main?: string } = {},
): Promise<Diagnosis> {
  const where = cwd === undefined ? {} : { cwd };
  const { code, stdout, stderr } = await runNode([main, 'doctor', '--json', ...args], {
    ...where,
    env,
  });
  if (stderr !== '') throw new Error(`on stderr: ${stderr}`);
  const { findings } = JSON.parse(stdout) as { findings: Finding[] };
  return { code, output: stdout, ...readable(findings) };
}

function readable(findings: readonly Finding[]): Pick<Diagnosis, 'findings' | 'about'> {
  return {
    findings,
    about: (check) => findings.filter((finding) => finding.check === check),
  };
}

/** The same, as text. */
export function runDoctorAsText(env: Readonly<Record<string, string>>, args: string[] = []) {
  return runNode([MAIN, 'doctor', ...args], { env });
}

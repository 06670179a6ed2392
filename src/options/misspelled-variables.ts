import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { nearestName } from '../hit/nearest-name.js';

const MAX_DISTANCE = 2;

/** Short names that people try first. They are too different to be found by their letters. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  MATOMO_DNT: 'MATOMO_DO_NOT_TRACK',
  MATOMO_ANON_IP: 'MATOMO_ANONYMIZE_IP',
  MATOMO_REDACT_PATHS: 'MATOMO_REDACT_PATH_PATTERNS',
  MATOMO_TOKEN: 'MATOMO_TOKEN_AUTH',
};

/** A variable that nothing reads, and the known one that was probably meant. */
export interface MisspelledVariable {
  readonly name: string;
  readonly meant: string;
  /** Made from the name of an option in code, and not a slip. */
  readonly isExpected?: true;
}

/** Finds variables that nearly have a known name. Other `MATOMO_*` variables may belong to a Matomo on the same host. */
export function findMisspelledVariables(
  env: Readonly<Record<string, string | undefined>>,
  known: readonly string[],
  expected: Readonly<Record<string, string>> = {},
): MisspelledVariable[] {
  return Object.keys(env).flatMap((name) => {
    if (!/^MATOMO_/i.test(name) || isKnown(name, known) || !env[name]?.trim()) return [];
    const option = expected[name];
    if (option !== undefined) return [{ name, meant: option, isExpected: true as const }];
    const meant = SHORT_NAMES[name] ?? nearestName(name, known, MAX_DISTANCE);
    return meant === undefined ? [] : [{ name, meant }];
  });
}

/** On Windows, names of environment variables are case-insensitive. */
function isKnown(name: string, known: readonly string[]): boolean {
  return known.includes(process.platform === 'win32' ? name.toUpperCase() : name);
}

export function warnAboutMisspelled(
  misspelled: MisspelledVariable,
  diagnostics: Pick<Diagnostics, 'warnOnce'>,
): void {
  const text = `${describeMisspelled(misspelled)}. It has no effect. Correct its name, or remove it.`;
  diagnostics.warnOnce(misspelled.name, coded('environment-unknown', text));
}

export function describeMisspelled({ name, meant }: MisspelledVariable): string {
  return `${name} is unknown (did you mean ${meant}?)`;
}

import type { Diagnostics } from '../../diagnostics.js';
import { GATEWAY_VARIABLES } from '../../gateway/gateway-options.js';
import { nearestName } from '../../hit/nearest-name.js';
import { type MessageCode, splitCode } from '../../messages.js';
import { describeMisspelled, findMisspelledVariables } from '../../options/misspelled-variables.js';
import {
  OPTION_VARIABLES,
  readEnvironment,
  resolveOptions,
} from '../../options/resolve-options.js';
import type { ResolvedOptions } from '../../options/resolved-options.js';
import { type Finding, ok, problem, warning } from './finding.js';

const STOPS_TRACKING: ReadonlySet<MessageCode> = new Set([
  'options-missing',
  'privacy-option-invalid',
]);
const CHANGE = 'Change it in the environment of the process that is to track, and start it again.';

/** Options as `register` reads them, and what is wrong with them; none where that leaves nothing to ask Matomo. */
export function checkOptions(env: Readonly<NodeJS.ProcessEnv>): {
  findings: Finding[];
  options: ResolvedOptions | undefined;
  /** Also where there are no options. */
  token: string | undefined;
} {
  const findings: Finding[] = [];
  const report = (message: string): void => {
    const { text, code = 'environment-wrong' } = splitCode(message);
    if (code === 'environment-unknown') return; // `unknownVariables` finds more of them
    const find = STOPS_TRACKING.has(code) ? problem : warning;
    findings.push(find('options', code, text, CHANGE));
  };
  const diagnostics = collect(report);
  const isEnabled = readEnvironment('enabled', env) !== false;
  // Also where it is switched off there is something to be found.
  const options = resolveOptions(isEnabled ? {} : { enabled: true }, env, diagnostics);
  if (!isEnabled) findings.push(switchedOff('MATOMO_ENABLED is false'));
  if (env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true') {
    findings.push(switchedOff('OTEL_SDK_DISABLED is true'));
  }
  if (options?.dryRun) {
    const found = 'MATOMO_DRY_RUN is true: hits are shown in the log and not sent';
    findings.push(problem('options', 'dry-run', found, 'Unset MATOMO_DRY_RUN.'));
  }
  findings.push(...unknownVariables(env, findings));
  if (findings.length === 0) {
    findings.push(ok('options', `site ${options?.siteId} at ${options?.url}`));
  }
  return { findings, options, token: readEnvironment('tokenAuth', env) };
}

function switchedOff(found: string): Finding {
  return problem('options', 'switched-off', `${found}: nothing is tracked`, CHANGE);
}

/** Names that are like those of options, and not reported yet. Others may be those of a Matomo that runs beside this. */
function unknownVariables(
  env: Readonly<NodeJS.ProcessEnv>,
  findings: readonly Finding[],
): Finding[] {
  const known = [...OPTION_VARIABLES, ...Object.values(GATEWAY_VARIABLES)];
  const misspelled = findMisspelledVariables(env, known);
  const similar = Object.keys(env).flatMap((name) => {
    if (!/^(?:MATOMO|PIWIK)_/i.test(name) || known.includes(name)) return [];
    const meant = nearestName(name, known);
    if (meant === undefined || env[meant]) return [];
    return misspelled.some((other) => other.name === name) ? [] : [{ name, meant }];
  });
  return [...misspelled, ...similar].flatMap((variable) => {
    if (findings.some(({ found }) => found.includes(describeMisspelled(variable)))) return [];
    const found = `${variable.name} is not read by anything here`;
    return warning('options', 'environment-unknown', found, `Did you mean ${variable.meant}?`);
  });
}

function collect(report: (message: string) => void): Diagnostics {
  const silent = () => undefined;
  return {
    info: silent,
    print: silent,
    warn: report,
    error: report,
    warnOnce: (_key, message) => report(typeof message === 'string' ? message : message()),
  };
}

import type { Diagnostics } from '../../diagnostics.js';
import { GATEWAY_VARIABLES } from '../../gateway/gateway-options.js';
import { nearestName } from '../../hit/nearest-name.js';
import { splitCode } from '../../messages.js';
import { OPTIONS } from '../../options/option-table.js';
import { readEnvironment, resolveOptions } from '../../options/resolve-options.js';
import type { ResolvedOptions } from '../../options/resolved-options.js';
import { type Finding, ok, problem, warning } from './finding.js';

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
    const find = code === 'options-missing' ? problem : warning;
    findings.push(find('options', code, text, CHANGE));
  };
  const diagnostics = collect(report);
  const silently = collect(() => undefined);
  const isEnabled = readEnvironment('enabled', env, silently) !== false;
  // Also where it is switched off there is something to be found.
  const options = resolveOptions({ enabled: true }, env, diagnostics);
  if (!isEnabled) findings.push(switchedOff('MATOMO_ENABLED is false'));
  if (env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true') {
    findings.push(switchedOff('OTEL_SDK_DISABLED is true'));
  }
  if (options?.dryRun) {
    const found = 'MATOMO_DRY_RUN is true: hits are shown in the log and not sent';
    findings.push(problem('options', 'dry-run', found, 'Unset MATOMO_DRY_RUN.'));
  }
  findings.push(...unknownVariables(env));
  if (findings.length === 0) {
    findings.push(ok('options', `site ${options?.siteId} at ${options?.url}`));
  }
  return { findings, options, token: readEnvironment('tokenAuth', env, silently) };
}

function switchedOff(found: string): Finding {
  return problem('options', 'switched-off', `${found}: nothing is tracked`, CHANGE);
}

/** Names that are like those of options. Others may be those of a Matomo that runs beside this. */
function unknownVariables(env: Readonly<NodeJS.ProcessEnv>): Finding[] {
  const known = [
    ...Object.values(OPTIONS).flatMap(({ env: variable }) => variable ?? []),
    'MATOMO_TOKEN_AUTH_FILE',
    ...Object.values(GATEWAY_VARIABLES),
  ];
  return Object.keys(env).flatMap((name) => {
    if (!/^(?:MATOMO|PIWIK)_/i.test(name) || known.includes(name)) return [];
    const near = nearestName(name, known);
    if (near === undefined || env[near]) return [];
    const found = `${name} is not read by anything here`;
    return warning('options', 'environment-unknown', found, `Did you mean ${near}?`);
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

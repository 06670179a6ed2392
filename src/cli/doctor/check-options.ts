import { type MessageCode, splitCode } from '../../common/messages.js';
import { isSdkDisabled } from '../../common/otel-global.js';
import type { ResolvedOptions } from '../../options/option-table.js';
import { readEnvironment, resolveOptions } from '../../options/resolve-options.js';
import { credentialsIn } from '../../options/values.js';
import { type Finding, ok, problem, warning } from './checks.js';

const STOPS_TRACKING: ReadonlySet<MessageCode> = new Set([
  'options-missing',
  'privacy-option-invalid',
]);
const CHANGE = 'Change it in the environment of the application, and restart the application.';

/** Reads options like `register`. */
export function checkOptions(env: Readonly<NodeJS.ProcessEnv>) {
  const findings: Finding[] = [];
  const report = (message: string): void => {
    const { text, code = 'environment-invalid' } = splitCode(message);
    const find = STOPS_TRACKING.has(code) ? problem : warning;
    const adviceAt = text.lastIndexOf('. ');
    const advice = code === 'token-file' ? text.slice(adviceAt + 2) : CHANGE;
    findings.push(find('options', code, text.slice(0, adviceAt), advice));
  };
  const isEnabled = readEnvironment('enabled', env) !== false;
  // The other checks are useful even if tracking is off.
  const options = resolveOptions(isEnabled ? {} : { enabled: true }, env, {
    error: report,
    warnOnce: (_key, message) => report(String(message)),
  });
  const sites = sitesOf(options?.siteId);
  if (!isEnabled || isSdkDisabled(env)) {
    const cause = isEnabled ? 'OTEL_SDK_DISABLED is true' : 'MATOMO_ENABLED is false';
    findings.push(problem('options', 'switched-off', `${cause}: nothing is tracked`, CHANGE));
  }
  if (options?.dryRun) {
    const found = 'MATOMO_DRY_RUN is true: hits are logged and not sent';
    findings.push(problem('options', 'dry-run', found, 'Unset MATOMO_DRY_RUN.'));
  }
  if (findings.length === 0) {
    const site = sites.length > 1 ? `sites ${sites.join(', ')}` : `site ${sites[0]}`;
    findings.push(ok('options', `${site} at ${options?.url}`));
  }
  const visitorKey = readEnvironment('visitorKey', env);
  const own = [readEnvironment('tokenAuth', env), visitorKey === 'daily' ? undefined : visitorKey];
  return {
    findings,
    /** `undefined` if the options are not sufficient to ask Matomo. */
    options,
    /** All sites in `MATOMO_SITE_ID`. */
    sites,
    /** Text that no finding may show: the token, the visitor key, and headers with credentials. */
    secrets: [
      ...own.filter((secret) => secret !== undefined),
      ...credentialsIn(readEnvironment('headers', env) ?? {}),
    ],
  };
}

/** The sites of `MATOMO_SITE_ID`, which cannot be a function. */
function sitesOf(siteId: ResolvedOptions['siteId'] | undefined): readonly number[] {
  if (typeof siteId === 'number') return [siteId];
  return typeof siteId === 'object' ? [...new Set(siteId.values())] : [];
}

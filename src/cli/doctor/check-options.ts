import { type MessageCode, splitCode } from '../../common/messages.js';
import { isSdkDisabled } from '../../common/otel-global.js';
import { RECEIVER_OPTIONS } from '../../gateway/receiver-options.js';
import { nearestName } from '../../hit/text.js';
import { createIsInRanges, NAMED_RANGES } from '../../hit/visitor/addresses.js';
import { variablesOf } from '../../options/declaration.js';
import {
  DECLARATIONS,
  describeMisspelled,
  findMisspelledVariables,
  readEnvironment,
} from '../../options/environment.js';
import { credentialsIn } from '../../options/header-values.js';
import type { ResolvedOptions } from '../../options/option-table.js';
import { resolveOptions } from '../../options/resolve-options.js';
import { missingHeaders } from '../../tracker/privacy.js';
import { type Finding, ok, problem, unknown, warning } from './checks.js';

const STOPS_TRACKING: ReadonlySet<MessageCode> = new Set([
  'options-missing',
  'privacy-option-invalid',
]);
const CHANGE = 'Change it in the environment of the application, and restart the application.';

/** Reads options as `register` does. */
export function checkOptions(env: Readonly<NodeJS.ProcessEnv>) {
  const findings: Finding[] = [];
  const report = (message: string): void => {
    const { text, code = 'environment-invalid' } = splitCode(message);
    if (code === 'environment-unknown') return; // `unknownVariables` finds more of them
    const find = STOPS_TRACKING.has(code) ? problem : warning;
    const adviceAt = text.lastIndexOf('. ');
    const advice = code === 'token-file' ? text.slice(adviceAt + 2) : CHANGE;
    findings.push(find('options', code, text.slice(0, adviceAt), advice));
  };
  const isEnabled = readEnvironment('enabled', env) !== false;
  // The other checks are useful even if tracking is turned off.
  const options = resolveOptions(isEnabled ? {} : { enabled: true }, env, {
    error: report,
    warnOnce: (_key, message) => report(String(message)),
  });
  const sites = sitesOf(options?.siteId);
  const causes = [
    !isEnabled && 'MATOMO_ENABLED is false',
    isSdkDisabled(env) && 'OTEL_SDK_DISABLED is true',
  ].filter((cause) => cause !== false);
  for (const cause of causes) {
    findings.push(problem('options', 'switched-off', `${cause}: nothing is tracked`, CHANGE));
  }
  if (options?.dryRun) {
    const found = 'MATOMO_DRY_RUN is true: hits are logged and not sent';
    findings.push(problem('options', 'dry-run', found, 'Unset MATOMO_DRY_RUN.'));
  }
  if (options) findings.push(...uncapturedHeaders(env, options), ...ignoredProxy(options));
  findings.push(...unknownVariables(env, findings));
  if (findings.length === 0) {
    const site = sites.length > 1 ? `sites ${sites.join(', ')}` : `site ${sites[0]}`;
    findings.push(ok('options', `${site} at ${options?.url}`));
  }
  const visitorKey = readEnvironment('visitorKey', env);
  const own = [readEnvironment('tokenAuth', env), visitorKey === 'daily' ? undefined : visitorKey];
  return {
    findings,
    /** `undefined` if they do not suffice to ask Matomo. */
    options,
    /** All sites in `MATOMO_SITE_ID`. */
    sites,
    /** Texts that no finding may show: the token, the visitor key, and headers with credentials. */
    secrets: [
      ...own.filter((secret) => secret !== undefined),
      ...credentialsIn(readEnvironment('headers', env) ?? {}),
    ],
  };
}

/** No variable is a function. */
function sitesOf(siteId: ResolvedOptions['siteId'] | undefined): readonly number[] {
  if (typeof siteId === 'number') return [siteId];
  return typeof siteId === 'object' ? [...new Set(siteId.values())] : [];
}

/** Only a gateway needs to know: an application with `register` has Node's requests. */
function uncapturedHeaders(env: Readonly<NodeJS.ProcessEnv>, options: ResolvedOptions): Finding[] {
  const missing = missingHeaders(options);
  if (missing.length === 0 || !variablesOf(RECEIVER_OPTIONS).some((name) => env[name])) return [];
  const found = `MATOMO_CAPTURED_HEADERS does not list ${missing.join(', ')}: a gateway tracks no request whose span does not have them`;
  const advice = `Let the services capture them, and set MATOMO_CAPTURED_HEADERS=${[...options.capturedHeaders, ...missing].join(',')}.`;
  return [warning('options', 'headers-not-captured', found, advice)];
}

/** Without `trustProxy`, all requests that come through a proxy have its address. */
function ignoredProxy({ ignoreAddresses, trustProxy }: ResolvedOptions): Finding[] {
  const isPrivate = createIsInRanges([...NAMED_RANGES.keys()]);
  const areAllPrivate = ignoreAddresses.every(
    (range) => NAMED_RANGES.has(range) || isPrivate(range.replace(/\/.*/, '')),
  );
  if (ignoreAddresses.length === 0 || trustProxy !== false || !areAllPrivate) return [];
  const found =
    'MATOMO_IGNORE_ADDRESSES has only private addresses, and MATOMO_TRUST_PROXY is not set: behind a proxy with such an address, no request is tracked';
  const advice = 'If there is a proxy, set MATOMO_TRUST_PROXY.';
  return [warning('options', 'proxy-ignored', found, advice)];
}

/** Names that are similar to those of options. Other `MATOMO_*` variables may belong to a Matomo on this machine. */
function unknownVariables(
  env: Readonly<NodeJS.ProcessEnv>,
  findings: readonly Finding[],
): Finding[] {
  const options = { ...DECLARATIONS, ...RECEIVER_OPTIONS };
  const known = variablesOf(options);
  const misspelled = findMisspelledVariables(env, options);
  const similar = Object.keys(env).flatMap((name) => {
    if (!/^(?:MATOMO|PIWIK)_/i.test(name) || known.includes(name)) return [];
    const meant = nearestName(name, known);
    if (meant === undefined || env[meant]) return [];
    return misspelled.some((other) => other.name === name) ? [] : [{ name, meant }];
  });
  return [...misspelled, ...similar].flatMap((variable) => {
    if (findings.some(({ found }) => found.includes(describeMisspelled(variable)))) return [];
    const found = `${variable.name} has no effect: there is no such variable`;
    return warning('options', 'environment-unknown', found, `Did you mean ${variable.meant}?`);
  });
}

/** Options that differ from strict ones are findings of `checkOptions`. */
export function checkPrivacyOptions({
  privacy,
  spool,
  visitorId,
  visitorKey,
}: Pick<ResolvedOptions, 'privacy' | 'spool' | 'visitorId' | 'visitorKey'>): Finding[] {
  const findings = privacy === 'strict' ? [ok('privacy', 'MATOMO_PRIVACY is strict')] : [];
  if (visitorKey !== 'daily' || spool !== undefined || visitorId === 'none') return findings;
  const found = 'visitorKey is daily, so without a spool each process has its own key';
  const advice = 'Set MATOMO_SPOOL if several processes share visitors, or these count twice.';
  return [...findings, unknown('privacy', found, advice)];
}

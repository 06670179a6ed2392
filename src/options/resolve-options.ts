import { coded } from '../common/messages.js';
import { userIdSourceOf } from '../hit/visitor/pseudonym.js';
import { stableVisitorKey } from '../hit/visitor/visitor-id.js';
import type { MatomoOptions } from '../options.js';
import { parseInCode } from './declaration.js';
import {
  DECLARATIONS,
  DECLARED_NAMES,
  type Environment,
  type OptionDiagnostics,
  readEnvironment,
  readOptions,
  type SetOptions,
} from './environment.js';
import type { ResolvedOptions } from './option-table.js';

/** All options that have a default. */
type CompleteOptions = Omit<ResolvedOptions, RequiredName> & SetOptions;
type RequiredName = 'url' | 'siteId';

/**
 * Merges options, the strongest first: from code, from a variable, from the file that a variable names, by `privacy: 'strict'`, by default
 * (`readOptions` and `readVariables` of environment.ts, `applyStrict`, `applyDefaults`). An invalid value in code throws; an invalid
 * variable is logged and ignored, or stops tracking if it belongs to a privacy option. `undefined`: nothing is tracked, and the reason is
 * logged.
 */
export function resolveOptions(
  inCode: MatomoOptions,
  env: Environment,
  diagnostics: OptionDiagnostics,
): ResolvedOptions | undefined {
  const fromCode: SetOptions = parseInCode(DECLARATIONS, inCode);
  if ((fromCode.enabled ?? readEnvironment('enabled', env)) === false) return undefined;
  const { set, unclear } = readOptions(fromCode, env, diagnostics);
  const others = findNotStrict(set);
  if (others.length > 0) diagnostics.warnOnce('strict', privacyNotStrict(others));
  const options = applyDefaults(applyStrict(set));
  const hasPseudonyms = userIdSourceOf(options.userId) !== undefined;
  if (hasPseudonyms && stableVisitorKey(options) === undefined) {
    diagnostics.error(coded('user-id-key', NO_USER_ID_KEY));
  }
  return validate(options, unclear, diagnostics);
}

/**
 * Throws if an option in code is invalid. Logs nothing: the environment is read later.
 *
 * @throws OptionError
 */
export function checkOptions(inCode: MatomoOptions, env: Environment): void {
  resolveOptions(inCode, env, SILENT);
}

/** For options that are resolved more than once: another call logs the messages about them. */
const SILENT: OptionDiagnostics = { error: () => undefined, warnOnce: () => undefined };

/** Defaults of `privacy: 'strict'`. Besides, it hides addresses, classes of errors, and user IDs but those of the option `userId`, and leaves referrers their origin. */
export const STRICT = {
  anonymizeIp: 4,
  visitorKey: 'daily',
  query: 'strip',
  urlPaths: 'template',
  doNotTrack: true,
} as const satisfies SetOptions;

/** First: what `privacy: 'strict'` sets, unless it is set otherwise. */
function applyStrict(set: SetOptions): SetOptions {
  if (set.privacy !== 'strict') return set;
  const hidesAddress = set.anonymizeIp === undefined;
  return { ...STRICT, ...set, hidesAddress };
}

/** Options that are set to values that are not those of `privacy: 'strict'`. */
function findNotStrict(set: SetOptions): string[] {
  if (set.privacy !== 'strict') return [];
  const names = (Object.keys(STRICT) as (keyof typeof STRICT)[]).filter(
    (name) => set[name] !== undefined && set[name] !== STRICT[name],
  );
  return set.userId === undefined ? names : ['userId', ...names];
}

const DEFAULTS = Object.fromEntries(
  DECLARED_NAMES.flatMap((name) => {
    const { default: value } = DECLARATIONS[name];
    return value === 'required' ? [] : [[name, value]];
  }),
) as Omit<ResolvedOptions, RequiredName>;

/** Second: the defaults, and a batch that is full before the queue is: hits that arrive until it is sent would be lost. */
function applyDefaults(set: SetOptions): CompleteOptions {
  const options = { ...DEFAULTS, ...set };
  const largest = Math.ceil(options.maxQueueSize / 2);
  return { ...options, maxExportBatchSize: Math.min(options.maxExportBatchSize, largest) };
}

/** Last: whether `url` and `siteId` are set, and all privacy options are clear. */
function validate(
  options: CompleteOptions,
  unclear: readonly string[],
  diagnostics: OptionDiagnostics,
): ResolvedOptions | undefined {
  if (unclear.length > 0) diagnostics.error(privacyOptionInvalid(unclear));
  const { url, siteId } = options;
  const isComplete = url !== undefined && siteId !== undefined;
  if (!isComplete) diagnostics.error(coded('options-missing', optionsMissing(options)));
  return isComplete && unclear.length === 0 ? { ...options, url, siteId } : undefined;
}

const NO_USER_ID_KEY =
  'userId is a header or claim, but there is no lasting key for pseudonyms. No user IDs are sent. Set visitorKey to a secret, not to daily.';

function privacyOptionInvalid(reasons: readonly string[]): string {
  const effect = 'Nothing is tracked, so that no mistake discloses data';
  const advice = 'Correct the environment, or set the option in code';
  return coded('privacy-option-invalid', `${reasons.join('; ')}. ${effect}. ${advice}.`);
}

function privacyNotStrict(others: readonly string[]): string {
  const problem = `privacy is strict, but these options are set to other values: ${others.join(', ')}`;
  return coded('privacy-not-strict', `${problem}. They win. Remove them unless you need them.`);
}

function optionsMissing(options: CompleteOptions): string {
  const names = (['url', 'siteId'] as const).filter((name) => options[name] === undefined);
  const missing = names.map((name) => `${name} (${DECLARATIONS[name].env})`).join(', ');
  return `Required options are missing: ${missing}. Nothing is tracked. Set them.`;
}

import { type Diagnostics, show } from '../common/diagnostics.js';
import { isRecord } from '../common/is-record.js';
import { coded } from '../common/messages.js';
import { nearestName } from '../hit/nearest-name.js';
import { userIdSourceOf } from '../hit/visitor/pseudonym.js';
import { stableVisitorKey } from '../hit/visitor/visitor-id.js';
import type { MatomoOptions } from '../options.js';
import {
  type Environment,
  expectedVariables,
  type OptionDeclaration,
  readVariables,
  textOf,
  variablesOf,
} from './declaration.js';
import {
  describeMisspelled,
  findMisspelledVariables,
  type MisspelledVariable,
  warnAboutMisspelled,
} from './misspelled-variables.js';
import { optionError, problemOf } from './option-error.js';
import type { ResolvedOptions } from './option-table.js';
import { OPTIONS, type OptionName } from './option-table.js';

type Values = Partial<Record<keyof ResolvedOptions, unknown>>;
type ReportError = (message: string) => void;

/** Shorter parts of names occur in many of them. */
const SHORTEST_PART = 3;
const NAMES = Object.keys(OPTIONS) as OptionName[];

/** Every variable from which options are read. */
export const OPTION_VARIABLES: readonly string[] = variablesOf(OPTIONS);

/** Variables that nothing reads, although the names of options suggest them. */
export const EXPECTED_VARIABLES: Readonly<Record<string, string>> = expectedVariables(OPTIONS);

/**
 * Merges options from code, environment and defaults. An invalid value in code throws; an invalid variable is logged and
 * ignored, or stops tracking if it belongs to a privacy option. `undefined`: nothing is tracked, and the reason is logged.
 */
export function resolveOptions(
  inCode: MatomoOptions,
  env: Environment,
  diagnostics: Omit<Diagnostics, 'lines'>,
): ResolvedOptions | undefined {
  const values = parseOptions(inCode);
  const invalid: string[] = [];
  /** Invalid privacy options: it is unclear which data may be sent. */
  const unclear: string[] = [];
  for (const name of NAMES.filter((name) => !Object.hasOwn(values, name))) {
    try {
      values[name] = readVariable(name, env, (message) => invalid.push(message));
    } catch (error) {
      const message = problemOf(error);
      if (OPTIONS[name].isPrivacy) unclear.push(message);
      else invalid.push(describeInvalid(message));
    }
  }
  if (values.enabled === false) return undefined;
  for (const message of invalid) diagnostics.error(message);
  for (const misspelled of findMisspelledVariables(env, OPTION_VARIABLES, EXPECTED_VARIABLES)) {
    if (isUnclear(misspelled, values)) unclear.push(describeMisspelled(misspelled));
    else warnAboutMisspelled(misspelled, diagnostics);
  }
  if (values.privacy === 'strict') {
    const message = applyStrict(values);
    if (message !== undefined) diagnostics.warnOnce('strict', message);
  }
  const missing = fillIn(values);
  if (isSampledByNobody(values as ResolvedOptions)) {
    if (inCode.sampleRate !== undefined && inCode.visitorId !== undefined) {
      throw optionError(SAMPLED_BY_NOBODY);
    }
    unclear.push(SAMPLED_BY_NOBODY);
  }
  if (hasNoUserIdKey(values as ResolvedOptions)) {
    diagnostics.error(coded('user-id-key', NO_USER_ID_KEY));
  }
  if (unclear.length > 0) diagnostics.error(privacyOptionInvalid(unclear));
  if (missing.length > 0) {
    diagnostics.error(coded('options-missing', optionsMissing(missing)));
  }
  if (unclear.length + missing.length > 0) return undefined;
  if (
    inCode.tokenAuth === undefined &&
    !textOf(OPTIONS.tokenAuth.env, env) &&
    textOf(OPTIONS.tokenAuth.file, env)
  ) {
    // If it cannot be read, the token that Matomo rejected is kept, and that is logged.
    values.rereadToken = () => readEnvironment('tokenAuth', env);
  }
  return values as ResolvedOptions;
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
export const SILENT: Omit<Diagnostics, 'lines'> = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  warnOnce: () => undefined,
  print: () => undefined,
};

/** Whether user IDs are pseudonyms for which there is no key. */
function hasNoUserIdKey(values: ResolvedOptions): boolean {
  return userIdSourceOf(values.userId) !== undefined && stableVisitorKey(values) === undefined;
}

const NO_USER_ID_KEY =
  'userId is a header or claim, but there is no key for pseudonyms that stays. No user IDs are sent. Set visitorKey to a secret, or set tokenAuth.';

/** Without a visitor ID or a user ID, visitors cannot be sampled as a whole. */
function isSampledByNobody({ sampleRate, visitorId, userId }: ResolvedOptions): boolean {
  return sampleRate < 1 && visitorId === 'none' && userId === undefined;
}

const SAMPLED_BY_NOBODY =
  'sampleRate must be 1 if visitorId is "none" and userId is not set, because visitors cannot be sampled then';

/** The options in code, parsed. */
function parseOptions(inCode: MatomoOptions): Values {
  const values: Values = {};
  checkIsObject(inCode);
  for (const [name, value] of Object.entries(inCode)) {
    if (!Object.hasOwn(OPTIONS, name)) throw unknownOption(name);
    const { inCode: alternative, parse } = OPTIONS[name as OptionName];
    if (alternative !== undefined)
      throw optionError(`${name} is only for register; in code use ${alternative}`);
    if (value !== undefined) values[name as OptionName] = parse(name, value);
  }
  return values;
}

/** A list, a `Map` or a promise has no options, so that the environment would apply alone. */
export function checkIsObject(options: unknown): void {
  if (!isRecord(options)) throw optionError(`options must be an object, got ${show(options)}`);
}

/** Adds defaults. Returns the required options that are missing. */
function fillIn(values: Values): string[] {
  return NAMES.flatMap((name) => {
    const { default: value, env } = OPTIONS[name] as OptionDeclaration<unknown>;
    if (values[name] !== undefined) return [];
    if (value === 'required') return [`${name} (${env})`];
    values[name] = value;
    return [];
  });
}

/** One option from the environment; `undefined` if its variable is missing or invalid. */
export function readEnvironment<Name extends OptionName>(
  name: Name,
  env: Environment,
  diagnostics?: Pick<Diagnostics, 'error'>,
): ResolvedOptions[Name] | undefined {
  try {
    return readVariable(name, env, (message) => diagnostics?.error(message));
  } catch (error) {
    diagnostics?.error(describeInvalid(problemOf(error)));
    return undefined;
  }
}

/** Throws a `TypeError` that names variable and value. */
function readVariable<Name extends OptionName>(
  name: Name,
  env: Environment,
  report: ReportError,
): ResolvedOptions[Name] | undefined {
  const declaration = OPTIONS[name] as OptionDeclaration<unknown>;
  const onUnreadable = (problem: string) => {
    if (declaration.isPrivacy) throw optionError(problem);
    const advice = 'No token is used. Let the user of this process read it.';
    report(coded('token-file', `${problem}. ${advice}`));
  };
  return readVariables(declaration, env, onUnreadable) as ResolvedOptions[Name] | undefined;
}

/** Whether the variable was meant for a privacy option that is not set otherwise. */
function isUnclear({ meant, isExpected }: MisspelledVariable, values: Values): boolean {
  if (isExpected) return false;
  const name = NAMES.find((option) => [OPTIONS[option].env, OPTIONS[option].file].includes(meant));
  return name !== undefined && OPTIONS[name].isPrivacy === true && values[name] === undefined;
}

function privacyOptionInvalid(reasons: readonly string[]): string {
  const effect = 'Nothing is tracked, so that no mistake discloses data';
  const advice = 'Correct the environment, or set the option in code';
  return coded('privacy-option-invalid', `${reasons.join('; ')}. ${effect}. ${advice}.`);
}

function optionsMissing(names: readonly string[]): string {
  return `Required options are missing: ${names.join(', ')}. Nothing is tracked. Set them.`;
}

function describeInvalid(message: string): string {
  return coded('environment-invalid', `${message}. The variable is ignored. Correct or remove it.`);
}

function unknownOption(name: string): TypeError {
  const near = nearestOption(name);
  const hint = near ? `did you mean ${near}?` : 'docs/configuration.md lists all options';
  return optionError(`unknown option ${show(name)}: ${hint}`);
}

/** The option with nearly that name, else the only one whose name contains it, as `tokenAuth` contains `token`. */
function nearestOption(name: string): string | undefined {
  const near = nearestName(name, NAMES);
  if (near !== undefined || name.length < SHORTEST_PART) return near;
  const containing = NAMES.filter((option) => option.toLowerCase().includes(name.toLowerCase()));
  return containing.length === 1 ? containing[0] : undefined;
}

/** What `privacy: 'strict'` sets, besides never sending addresses, and no user IDs but those of the option `userId`. */
const STRICT: Partial<ResolvedOptions> = {
  anonymizeIp: 4,
  visitorKey: 'daily',
  query: 'strip',
  urlPaths: 'template',
  referrers: 'origin',
  doNotTrack: true,
  errors: 'off',
};

/** Sets what is not set otherwise. Returns a message if an option that is set has another value. */
function applyStrict(values: Values): string | undefined {
  values.hidesAddress = values.anonymizeIp === undefined;
  values.hidesOtherUserIds = true;
  const others = values.userId === undefined ? [] : ['userId'];
  for (const [name, strict] of Object.entries(STRICT) as [keyof ResolvedOptions, unknown][]) {
    values[name] ??= strict;
    if (values[name] !== strict) others.push(name);
  }
  if (others.length === 0) return undefined;
  return coded(
    'privacy-not-strict',
    `privacy is strict, but these options are set to other values: ${others.join(', ')}. They win. Remove them unless you need them.`,
  );
}

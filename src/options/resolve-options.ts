import { readFileSync, statSync } from 'node:fs';
import { codeOf } from '../common/describe-error.js';
import type { Diagnostics } from '../common/diagnostics.js';
import { show } from '../common/diagnostics.js';
import { isRecord } from '../common/is-record.js';
import { coded } from '../common/messages.js';
import { userIdSourceOf } from '../hit/visitor/pseudonym.js';
import { stableVisitorKey } from '../hit/visitor/visitor-id.js';
import type { MatomoOptions } from '../options.js';
import {
  invalid,
  type OptionDeclaration,
  type OptionDeclarations,
  optionError,
  type Parser,
  problemOf,
  type ResolvedValues,
  type Syntax,
  showValue,
  variablesOf,
} from './option.js';
import { OPTIONS, type ResolvedOptions } from './option-table.js';
import { nearestName } from './values.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Receives messages about options. */
export type OptionDiagnostics = Pick<Diagnostics, 'error' | 'warnOnce'>;

export type DeclaredName = keyof typeof OPTIONS;

export const DECLARATIONS: OptionDeclarations &
  Readonly<Record<DeclaredName, OptionDeclaration<unknown>>> = OPTIONS;
const NAMES = Object.keys(OPTIONS) as readonly DeclaredName[];

/** Options that are set, after parsing. */
type SetOptions = { -readonly [Name in keyof ResolvedOptions]?: ResolvedOptions[Name] };

/**
 * Merges options, the strongest first: code, variable, file that a variable names, `privacy: 'strict'`, default. An invalid value in code throws.
 * An invalid variable is logged and ignored, or stops tracking if it belongs to a privacy option. Returns `undefined` if nothing is tracked. Unless
 * that was chosen, the reason is logged.
 */
export function resolveOptions(
  inCode: MatomoOptions,
  env: Environment,
  diagnostics: OptionDiagnostics,
): ResolvedOptions | undefined {
  const set: SetOptions = parseInCode(DECLARATIONS, inCode);
  if ((set.enabled ?? readEnvironment('enabled', env)) === false) return undefined;
  const unclear: string[] = [];
  for (const name of NAMES.filter((one) => set[one] === undefined)) {
    const value = readEnvironment(name, env, diagnostics, (problem) => unclear.push(problem));
    if (value !== undefined) Object.assign(set, { [name]: value });
  }
  const { env: variable, file } = OPTIONS.tokenAuth;
  if (inCode.tokenAuth === undefined && !textOf(variable, env) && textOf(file, env)) {
    // If the file cannot be read, the rejected token is kept.
    const error = (message: string) => diagnostics.warnOnce(`token ${message}`, message);
    set.rereadToken = () => readEnvironment('tokenAuth', env, { error });
  }
  for (const { meant, problem } of findMisspelled(env, DECLARATIONS)) {
    const name = NAMES.find((one) => variablesOf({ one: DECLARATIONS[one] }).includes(meant));
    const isUnclear = name && DECLARATIONS[name].isPrivacy && set[name] === undefined;
    if (isUnclear) unclear.push(problem);
    else warnAboutMisspelled(problem, diagnostics);
  }
  const options = withDefaults(withStrict(set, diagnostics));
  if (userIdSourceOf(options.userId) && stableVisitorKey(options) === undefined)
    diagnostics.error(coded('user-id-key', NO_USER_ID_KEY));
  if (unclear.length > 0)
    diagnostics.error(coded('privacy-option-invalid', `${unclear.join('; ')}. ${NOT_TRACKED}`));
  const missing = (['url', 'siteId'] as const).filter((name) => options[name] === undefined);
  if (missing.length > 0) {
    const names = missing.map((name) => `${name} (${DECLARATIONS[name].env})`).join(', ');
    const text = `Required options are missing: ${names}. Nothing is tracked. Set them.`;
    diagnostics.error(coded('options-missing', text));
  }
  return unclear.length + missing.length > 0 ? undefined : options;
}

const NO_USER_ID_KEY =
  'userId is a header or claim, but there is no lasting key for pseudonyms. No user IDs are sent. Set visitorKey to a secret, not to daily.';
const NOT_TRACKED =
  'Nothing is tracked, so that no mistake discloses data. Correct the environment, or set the option in code.';

/**
 * Defaults of `privacy: 'strict'`. That option also hides addresses, error types and all user IDs except those of the option `userId`, and reduces
 * referrers to their origin.
 */
export const STRICT = {
  anonymizeIp: 4,
  visitorKey: 'daily',
  query: 'strip',
  urlPaths: 'template',
  doNotTrack: true,
} as const satisfies SetOptions;

function withStrict(set: SetOptions, diagnostics: OptionDiagnostics): SetOptions {
  if (set.privacy !== 'strict') return set;
  const others = (Object.keys(STRICT) as (keyof typeof STRICT)[]).filter(
    (name) => set[name] !== undefined && set[name] !== STRICT[name],
  );
  const names = [...(set.userId === undefined ? [] : ['userId']), ...others].join(', ');
  const text = `privacy is strict, but these options are set to other values: ${names}. They win. Remove them unless you need them.`;
  if (names !== '') diagnostics.warnOnce('strict', coded('privacy-not-strict', text));
  return { ...STRICT, ...set, hidesAddress: set.anonymizeIp === undefined };
}

const DEFAULTS = Object.fromEntries(
  NAMES.flatMap((name) => {
    const { default: value } = DECLARATIONS[name];
    return value === 'required' ? [] : [[name, value]];
  }),
);

/** Adds defaults, and limits a batch to half of the queue. Otherwise hits that arrive while the batch is sent would be lost. */
function withDefaults(set: SetOptions): ResolvedOptions {
  const options = { ...DEFAULTS, ...set } as ResolvedOptions;
  const largest = Math.ceil(options.maxQueueSize / 2);
  return { ...options, maxExportBatchSize: Math.min(options.maxExportBatchSize, largest) };
}

/**
 * Parses options in code: those of the package, those of a function such as `play()`, or the properties of an option.
 *
 * @throws OptionError naming option and value; for an unknown name, the nearest known one
 */
export function parseInCode(
  declarations: OptionDeclarations,
  inCode: unknown,
  place = 'options',
): Record<string, unknown> {
  const names = Object.keys(declarations);
  checkIsObject(inCode, names, place);
  const prefix = /^options$|\(\)$/.test(place) ? '' : `${place}.`;
  const set: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(inCode)) {
    const declaration = Object.hasOwn(declarations, name) ? declarations[name] : undefined;
    if (!declaration) {
      const near = nearestName(name, names);
      const isTop = place === 'options';
      const all = isTop ? 'see docs/configuration.md' : `the options are ${names.join(', ')}`;
      const advice = near ? `did you mean ${near}?` : all;
      throw optionError(
        `unknown option ${show(name)} of ${place}, got ${showValue(value)}: ${advice}`,
      );
    }
    if (value !== undefined) set[name] = declaration.parse(prefix + name, value);
  }
  return set;
}

/** Parses options that have no variables, and adds defaults. */
export function resolveInCode<Declarations extends OptionDeclarations>(
  place: string,
  declarations: Declarations,
  inCode: unknown,
): ResolvedValues<Declarations> {
  const set = parseInCode(declarations, inCode, place);
  const values = Object.entries(declarations).map(([name, declaration]) => {
    return [name, set[name] ?? declaration.default];
  });
  return Object.fromEntries(values) as ResolvedValues<Declarations>;
}

/** Checks that a value has own properties for options. For a list, a `Map` or a promise, only the environment would apply. */
export function checkIsObject(
  inCode: unknown,
  names: readonly string[],
  place = 'options',
): asserts inCode is Record<string, unknown> {
  if (!isRecord(inCode)) throw invalid(place, 'an object of options', inCode);
  const inherited = names.find((name) => name in inCode && !Object.hasOwn(inCode, name));
  if (inherited === undefined) return;
  throw optionError(`${inherited} must be set in the object of options itself, not in its class`);
}

/**
 * Reads one option from the environment. Returns `undefined` if its variable is missing or invalid. An invalid variable is logged, except that
 * `onUnclear` gets the problem of a privacy option.
 */
export function readEnvironment<Name extends DeclaredName>(
  name: Name,
  env: Environment,
  diagnostics?: Pick<Diagnostics, 'error'>,
  onUnclear?: (problem: string) => void,
): ResolvedOptions[Name] | undefined {
  const declaration = DECLARATIONS[name] as OptionDeclaration<ResolvedOptions[Name]>;
  const { isPrivacy } = declaration;
  try {
    return readVariables(declaration, env, (problem) => {
      if (isPrivacy) throw optionError(problem);
      const text = `${problem}. Its token is not used. Check its path and permissions.`;
      diagnostics?.error(coded('token-file', text));
    });
  } catch (error) {
    const problem = problemOf(error);
    const text = `${problem}. The variable is ignored. Correct or remove it.`;
    if (isPrivacy && onUnclear) onUnclear(problem);
    else diagnostics?.error(coded('environment-invalid', text));
    return undefined;
  }
}

/** Matches quotes and placeholders, which some readers of files with variables do not resolve. */
const NOT_EXPANDED = /^"[^"]*"$|^'[^']*'$|^\$(?:[A-Z_][A-Z\d_]*|\{.*\})$/s;

/**
 * Reads an option from its variables; `undefined` if none is set. Throws an `OptionError` that names variable and value.
 * `onUnreadable` is called if a file cannot be read; it may return.
 */
export function readVariables<Resolved>(
  { env: variable, file, parse }: OptionDeclaration<Resolved>,
  env: Environment,
  onUnreadable: (problem: string) => void = (problem) => {
    throw optionError(problem);
  },
): Resolved | undefined {
  const text = textOf(variable, env);
  if (variable !== undefined && text !== '') {
    if (!NOT_EXPANDED.test(text)) return parse(variable, readText(parse, text));
    throw optionError(`${variable} must be the value itself, got quotes or a placeholder`);
  }
  const path = textOf(file, env);
  if (file === undefined || path === '') return undefined;
  let content: string;
  try {
    // A pipe can be read only once. Another reader, even in this process, would wait for another writer.
    if (statSync(path).isFIFO()) throw Object.assign(new Error(), { code: 'it is a pipe' });
    content = readFileSync(path, 'utf8');
  } catch (error) {
    onUnreadable(`The file in ${file} cannot be read (${codeOf(error)})`);
    return undefined;
  }
  if (content.trim() === '') throw optionError(`The file in ${file} is empty`);
  return parse(file, content);
}

/** The trimmed value of a variable. Values from files and shells often end in a space or newline. */
export function textOf(variable: string | undefined, env: Environment): string {
  return (variable && env[variable]?.trim()) || '';
}

/** Converts text to the value that code would pass. If that fails, the text is returned, so that the parser's error shows it. */
export function readText({ syntax }: Parser<unknown>, text: string): unknown {
  try {
    return syntax ? READERS[syntax](text) : text;
  } catch {
    return text;
  }
}

/** Readers of the environment's syntax. They throw if a part of the text would have no effect. */
const READERS: Readonly<Record<Syntax, (text: string) => unknown>> = {
  'a list': readList,
  'a list of patterns': readPatterns,
  pairs: readPairs,
  'one word or a list': (text) =>
    text.includes(',') || readJsonList(text) ? readList(text) : text.trim(),
  JSON: JSON.parse,
};

/** Reads `a, b` or `["a","b"]`. */
function readList(text: string): string[] {
  const items = readJsonList(text) ?? text.split(',');
  return items.map((item) => item.trim()).filter((item) => item !== '');
}

function readJsonList(text: string): string[] | undefined {
  if (!/^\s*\[\s*(?:"|\]\s*$)/.test(text)) return undefined;
  const list: unknown = JSON.parse(text);
  if (Array.isArray(list) && list.every((item) => typeof item === 'string')) return list;
  throw new TypeError('a list has items that are no text');
}

/** Matches a pattern with a closing slash: its source and its flags, including flags that do not exist. */
const WITH_FLAGS = /^\/((?:\\.|\[(?:\\.|[^\]\\])*\]|[^\\/[])+)\/([a-z]|[dgimsuvyx]*)$/i;
const PATTERN_ITEMS =
  /\s*(\/(?:\\.|\[(?:\\.|[^\]\\])*\]|[^\\/[])+\/[dgimsuvy]*(?=\s*(?:,|$))|[^,]*)\s*(?:,|$)/g;

/** Reads a list of patterns. Throws if a pattern was possibly split at a separator, because its parts would match something else. */
function readPatterns(text: string): (RegExp | string)[] {
  const json = readJsonList(text);
  const items = json ?? [...text.matchAll(PATTERN_ITEMS)].map(([, item = '']) => item.trim());
  return items.flatMap((item) => {
    const [, source, flags] = WITH_FLAGS.exec(item) ?? [];
    if (source !== undefined) return new RegExp(source, flags);
    const mayBeSplit = text.includes(',') && /[(){}[\]]/.test(item);
    if (!json && (mayBeSplit || /^\/.*[;\s]\//s.test(item)))
      throw new TypeError('write patterns with commas between slashes');
    return item === '' ? [] : item;
  });
}

/** Reads `1=http.route, 2=x`. Each name may occur once. */
function readPairs(text: string): Record<string, string> {
  const items = readList(text).map((pair) => {
    const [name = '', ...value] = pair.split('=');
    return [name.trim(), value.join('=').trim()] as const;
  });
  const pairs = Object.fromEntries(items);
  if (Object.keys(pairs).length < items.length) throw new TypeError('a name occurs twice');
  return pairs;
}

const MAX_DISTANCE = 2;

/** Names that people try first. They differ too much from the right names to be found by edit distance. */
const TRIED_NAMES: Readonly<Record<string, string>> = {
  MATOMO_DNT: 'MATOMO_DO_NOT_TRACK',
  MATOMO_ANON_IP: 'MATOMO_ANONYMIZE_IP',
  MATOMO_REDACT_PATHS: 'MATOMO_REDACT_PATH_PATTERNS',
  MATOMO_TOKEN: 'MATOMO_TOKEN_AUTH',
  MATOMO_METER_PROVIDER: 'MATOMO_METRICS',
  MATOMO_GATEWAY_TOKEN: 'MATOMO_GATEWAY_BEARER_TOKEN',
};

/** Finds variables whose names nearly match one of these options. Other `MATOMO_*` variables may belong to a Matomo on the same host. */
export function findMisspelled(env: Environment, declarations: OptionDeclarations) {
  const known = variablesOf(declarations);
  return Object.keys(env).flatMap((name) => {
    // On Windows, names of environment variables are case-insensitive.
    const isRead = known.includes(process.platform === 'win32' ? name.toUpperCase() : name);
    if (isRead || !/^MATOMO_/i.test(name) || textOf(name, env) === '') return [];
    // A name without `GATEWAY_` is not near enough to be found below, and a gateway without its bearer token is open to everyone.
    const ofGateway = known.find((one) => one.replace('_GATEWAY_', '_') === name);
    const meant =
      ofGateway ??
      known.find((one) => one === TRIED_NAMES[name.toUpperCase()]) ??
      nearestName(name.replace(/_MILLIS$/, ''), known, MAX_DISTANCE);
    if (meant === undefined) return [];
    return [{ meant, problem: `${name} is unknown (did you mean ${meant}?)` }];
  });
}

export function warnAboutMisspelled(
  problem: string,
  diagnostics: Pick<OptionDiagnostics, 'warnOnce'>,
): void {
  const text = `${problem}. It has no effect. Correct its name, or remove it.`;
  diagnostics.warnOnce(problem, coded('environment-invalid', text));
}

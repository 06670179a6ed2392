import { readFileSync, statSync } from 'node:fs';
import { codeOf } from '../common/describe-error.js';
import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { nearestName } from '../hit/text.js';
import {
  type OptionDeclaration,
  type OptionDeclarations,
  snakeCase,
  variablesOf,
} from './declaration.js';
import { OPTIONS, type ResolvedOptions } from './option-table.js';
import { optionError, type Parser, problemOf } from './parser.js';

// How a variable becomes an option: `readVariables` finds its text, in the variable or in a file, `readText` converts that to the value that
// code would pass (`syntax.ts`), and the parser of the option checks it (`parse-values.ts`). What is invalid, or has a misspelled name, has
// no effect; if it is a privacy option, nothing is tracked.

export type Environment = Readonly<Record<string, string | undefined>>;

/** Gets messages about options. */
export type OptionDiagnostics = Pick<Diagnostics, 'error' | 'warnOnce'>;

export type DeclaredName = keyof typeof OPTIONS;

export const DECLARATIONS: OptionDeclarations &
  Readonly<Record<DeclaredName, OptionDeclaration<unknown>>> = OPTIONS;
export const DECLARED_NAMES = Object.keys(OPTIONS) as readonly DeclaredName[];

/** Options that are set, parsed. */
export type SetOptions = Partial<ResolvedOptions>;

/**
 * Adds the options from the environment to those that code sets, which win. Logs which variables have no effect. `unclear` describes invalid
 * privacy options: it is unclear which data may be sent.
 */
export function readOptions(
  inCode: SetOptions,
  env: Environment,
  diagnostics: OptionDiagnostics,
): { readonly set: SetOptions; readonly unclear: readonly string[] } {
  const set: Record<string, unknown> = { ...inCode };
  const unclear: string[] = [];
  for (const name of DECLARED_NAMES.filter((one) => !Object.hasOwn(inCode, one))) {
    const value = readEnvironment(name, env, diagnostics, (problem) => unclear.push(problem));
    if (value !== undefined) set[name] = value;
  }
  const { env: variable, file } = OPTIONS.tokenAuth;
  if (inCode.tokenAuth === undefined && !textOf(variable, env) && textOf(file, env)) {
    // If it cannot be read, the token that Matomo rejected is kept.
    const error = (message: string) => diagnostics.warnOnce(`token ${message}`, message);
    set.rereadToken = () => readEnvironment('tokenAuth', env, { error });
  }
  for (const misspelled of findMisspelledVariables(env, DECLARATIONS)) {
    if (isUnclear(misspelled, set)) unclear.push(describeMisspelled(misspelled));
    else warnAboutMisspelled(misspelled, diagnostics);
  }
  return { set, unclear };
}

/**
 * One option from the environment; `undefined` if its variable is missing or invalid, which is logged. `onUnclear` gets the problem of a
 * privacy option instead.
 */
export function readEnvironment<Name extends DeclaredName>(
  name: Name,
  env: Environment,
  diagnostics?: Pick<Diagnostics, 'error'>,
  onUnclear?: (problem: string) => void,
): ResolvedOptions[Name] | undefined {
  const declaration = DECLARATIONS[name] as OptionDeclaration<ResolvedOptions[Name]>;
  const { isPrivacy } = declaration;
  function onUnreadable(problem: string): void {
    const text = `${problem}. Its token is not used. Check its path and permissions.`;
    diagnostics?.error(coded('token-file', text));
  }
  try {
    return readVariables(declaration, env, isPrivacy ? refuse : onUnreadable);
  } catch (error) {
    const problem = problemOf(error);
    const text = `${problem}. The variable is ignored. Correct or remove it.`;
    if (isPrivacy && onUnclear) onUnclear(problem);
    else diagnostics?.error(coded('environment-invalid', text));
    return undefined;
  }
}

/** What some readers of files with variables leave as it is: quotes around a value, and the name of another variable. */
const NOT_EXPANDED = /^"[^"]*"$|^'[^']*'$|^\$(?:[A-Z_][A-Z\d_]*|\{.*\})$/s;

/**
 * Reads an option from its variables; `undefined` if none is set. Throws an `OptionError` that names variable and value.
 * `onUnreadable` is called if a file cannot be read; it may return.
 */
export function readVariables<Resolved>(
  { env: variable, file, files = {}, parse }: OptionDeclaration<Resolved>,
  env: Environment,
  onUnreadable: (problem: string) => void = refuse,
): Resolved | undefined {
  const text = textOf(variable, env);
  if (variable !== undefined && text !== '') {
    if (NOT_EXPANDED.test(text)) {
      throw optionError(
        `${variable} must be the value itself, got quotes around it or a placeholder`,
      );
    }
    return parse(variable, readText(parse, text));
  }
  const path = textOf(file, env);
  if (file !== undefined && path !== '') {
    const content = readFile(file, path, onUnreadable);
    if (content?.trim() === '') throw optionError(`The file in ${file} is empty`);
    return content === undefined ? undefined : parse(file, content);
  }
  const parts = Object.entries(files);
  const set = parts.filter(([, name]) => textOf(name, env) !== '');
  if (set.length === 0) return undefined;
  const names = parts.map(([, name]) => name).join(' and ');
  if (set.length < parts.length) throw optionError(`${names} must be set together`);
  const contents = parts.map(([part, name]) => [part, readFile(name, textOf(name, env), refuse)]);
  return parse(names, Object.fromEntries(contents));
}

/** Trimmed, because values from files and shells often have a space or newline at the end. */
export function textOf(variable: string | undefined, env: Environment): string {
  return (variable && env[variable]?.trim()) || '';
}

/** Converts text to the value that code would pass. Text that cannot be converted is returned as it is: the parser's error shows it. */
export function readText({ syntax }: Parser<unknown>, text: string): unknown {
  try {
    return syntax ? syntax.read(text) : text;
  } catch {
    return text;
  }
}

function readFile(
  variable: string,
  path: string,
  onUnreadable: (problem: string) => void,
): string | undefined {
  let problem = 'it is a pipe';
  try {
    // Only its first reader gets what is in a pipe: the next one, also of this process, waits for another writer.
    if (!statSync(path).isFIFO()) return readFileSync(path, 'utf8');
  } catch (error) {
    problem = codeOf(error);
  }
  onUnreadable(`The file in ${variable} cannot be read (${problem})`);
  return undefined;
}

function refuse(problem: string): never {
  throw optionError(problem);
}

const MAX_DISTANCE = 2;

/** Short names that people try first. They are too different to be found by their letters. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  MATOMO_DNT: 'MATOMO_DO_NOT_TRACK',
  MATOMO_ANON_IP: 'MATOMO_ANONYMIZE_IP',
  MATOMO_REDACT_PATHS: 'MATOMO_REDACT_PATH_PATTERNS',
  MATOMO_TOKEN: 'MATOMO_TOKEN_AUTH',
  MATOMO_GATEWAY_TOKEN: 'MATOMO_GATEWAY_BEARER_TOKEN',
};

/** A variable that nothing reads, and the known one that was probably meant. */
interface MisspelledVariable {
  readonly name: string;
  readonly meant: string;
}

/** Finds variables that nearly have the name of one of these options. Other `MATOMO_*` variables may belong to a Matomo on the same host. */
export function findMisspelledVariables(
  env: Environment,
  declarations: OptionDeclarations,
): MisspelledVariable[] {
  const known = variablesOf(declarations);
  const suggested = suggestedNames(declarations);
  return Object.keys(env).flatMap((name) => {
    if (!/^MATOMO_/i.test(name) || isKnown(name, known) || textOf(name, env) === '') return [];
    const meant = suggested[name] ?? SHORT_NAMES[name] ?? nearestName(name, known, MAX_DISTANCE);
    return meant === undefined ? [] : [{ name, meant }];
  });
}

/**
 * Names that nothing reads, although the names of options and other variables suggest them, with the variables that are read: without
 * its bearer token, a gateway is open to everyone.
 */
function suggestedNames(declarations: OptionDeclarations): Readonly<Record<string, string>> {
  const suggested = Object.entries(declarations).flatMap(([name, declaration]) => {
    const { env } = declaration;
    const variables = variablesOf({ [name]: declaration });
    const ofGateway = variables.map((variable) => [variable.replace('_GATEWAY_', '_'), variable]);
    return env === undefined ? ofGateway : [[`MATOMO_${snakeCase(name)}`, env], ...ofGateway];
  });
  return Object.fromEntries(suggested);
}

/** On Windows, names of environment variables are case-insensitive. */
function isKnown(name: string, known: readonly string[]): boolean {
  return known.includes(process.platform === 'win32' ? name.toUpperCase() : name);
}

/** Whether the variable was meant for a privacy option that is not set otherwise. */
function isUnclear({ meant }: MisspelledVariable, set: SetOptions): boolean {
  const name = DECLARED_NAMES.find((one) => {
    const { env, file } = DECLARATIONS[one];
    return env === meant || file === meant;
  });
  return name !== undefined && DECLARATIONS[name].isPrivacy === true && set[name] === undefined;
}

function describeMisspelled({ name, meant }: MisspelledVariable): string {
  return `${name} is unknown (did you mean ${meant}?)`;
}

export function warnAboutMisspelled(
  misspelled: MisspelledVariable,
  diagnostics: Pick<OptionDiagnostics, 'warnOnce'>,
): void {
  const text = `${describeMisspelled(misspelled)}. It has no effect. Correct its name, or remove it.`;
  diagnostics.warnOnce(misspelled.name, coded('environment-unknown', text));
}

import { readFileSync } from 'node:fs';
import type { OptionDeclaration, OptionDeclarations } from './declaration.js';
import { optionError } from './option-error.js';
import type { Parser } from './parser.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Adds the variables: a prefix and the name of the option in snake case, without `Millis`. */
export function declareOptions<Declarations extends OptionDeclarations>(
  prefix: string,
  declarations: Declarations,
): Declarations {
  const named = Object.entries(declarations).map(([name, declaration]) => {
    const env = prefix + snakeCase(name.replace(/Millis$/, ''));
    return [name, { env, ...declaration }];
  });
  return Object.fromEntries(named);
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, '_$&').toUpperCase();
}

/** Every variable from which the options are read. */
export function variablesOf(declarations: OptionDeclarations): string[] {
  return Object.values(declarations).flatMap(({ env, file, files = {} }) =>
    [env, file, ...Object.values(files)].filter((name) => name !== undefined),
  );
}

/** Names of variables that one would expect from the names of options, with their real names. */
export function expectedVariables(
  declarations: OptionDeclarations,
): Readonly<Record<string, string>> {
  const pairs = Object.entries(declarations).flatMap(([name, { env }]) => {
    const expected = `MATOMO_${snakeCase(name)}`;
    return env === undefined || env === expected ? [] : [[expected, env]];
  });
  return Object.fromEntries(pairs);
}

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
  if (variable !== undefined && text !== '') return parse(variable, readText(parse, text));
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
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    onUnreadable(
      `The file in ${variable} cannot be read (${(error as NodeJS.ErrnoException).code})`,
    );
    return undefined;
  }
}

function refuse(problem: string): never {
  throw optionError(problem);
}

import { readFileSync } from 'node:fs';
import { optionError } from './option-error.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What an option is, apart from its documentation, which is the comment of its declaration. */
interface Declaration<Parsed, Default> {
  /** Environment variable. Missing if the option can only be set in code, or is read from `files`. */
  readonly env?: string;
  /** Variable with the path of a file that has the value, if `env` is not set. Errors never show the path: it may be the secret itself. */
  readonly file?: string;
  /** Variables with the paths of files whose contents are the parts of the value: all of them are set, or none. */
  readonly files?: Readonly<Record<string, string>>;
  /** Converts the text of the variable to the value that code would pass. Missing: the text is the value. */
  readonly fromText?: (text: string) => unknown;
  /** Returns the resolved value. Throws a `TypeError` that names option and value, but never shows a secret. */
  readonly parse: (name: string, value: unknown) => Parsed;
  /** `required`: without a value, nothing is tracked. */
  readonly default: Default;
  /** The default in words, if its value does not explain itself. */
  readonly defaultText?: string;
  /** The option decides which data leaves the process: if its variable is invalid, nothing is tracked. */
  readonly isPrivacy?: true;
  /** The command line has a flag with the name of the option. */
  readonly isFlag?: true;
  /** Set for options that only the environment has, for `register`: what to use in code instead. */
  readonly inCode?: string;
}

/** One option. `InCode` is its type in code. */
export interface OptionDeclaration<Resolved, InCode = unknown>
  extends Declaration<Resolved, Resolved | 'required'> {
  /** Exists for the type only. */
  readonly typeInCode?: InCode;
}

export type OptionDeclarations = Readonly<Record<string, OptionDeclaration<unknown>>>;

/** The options after parsing, with defaults. */
export type ResolvedValues<Declarations> = {
  readonly [name in keyof Declarations]: Declarations[name] extends OptionDeclaration<
    infer Resolved
  >
    ? Resolved
    : never;
};

/** `option<InCode>()({ … })` declares an option. The resolved type is inferred from `parse` and `default`. */
export function option<InCode>(): <Parsed, const Default extends Parsed | 'required' | undefined>(
  declaration: Declaration<Parsed, Default>,
) => OptionDeclaration<Parsed | Extract<Default, undefined>, InCode> {
  return (declaration) => declaration as never;
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
    const expected = `MATOMO_${name.replace(/[A-Z]/g, '_$&').toUpperCase()}`;
    return env === undefined || env === expected ? [] : [[expected, env]];
  });
  return Object.fromEntries(pairs);
}

/**
 * Reads an option from its variables; `undefined` if none is set. Throws a `TypeError` that names variable and value.
 * `onUnreadable` is called if a file cannot be read; it may return.
 */
export function readVariables<Resolved>(
  { env: variable, file, files, fromText, parse }: OptionDeclaration<Resolved>,
  env: Environment,
  onUnreadable: (problem: string) => void = refuse,
): Resolved | undefined {
  const text = textOf(variable, env);
  if (variable !== undefined && text !== '') return parse(variable, readText(text, fromText));
  const path = textOf(file, env);
  if (file !== undefined && path !== '') {
    const content = readFile(file, path, onUnreadable);
    if (content?.trim() === '') throw optionError(`The file in ${file} is empty`);
    return content === undefined ? undefined : parse(file, content);
  }
  const parts = Object.entries(files ?? {});
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

/** Converts text. Text that cannot be converted is returned as it is, so that `parse` throws the error for the operator. */
export function readText(text: string, fromText?: (text: string) => unknown): unknown {
  try {
    return fromText ? fromText(text) : text;
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

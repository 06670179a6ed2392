import { PREFIX, showWithout } from '../common/diagnostics.js';
import type { MessageCode } from '../common/messages.js';

/**
 * Thrown if an option in code is invalid: a `TypeError` with a `code`. There is no class to check with `instanceof`; check `code`.
 *
 * @example
 * try { new MatomoSpanProcessor({ anonymizeIp: 7 }); } catch (error) { console.error(error.code); } // option-invalid
 */
export interface OptionError extends TypeError {
  /** The code of the message, see docs/messages.md. */
  readonly code: MessageCode;
}

export function optionError(problem: string): OptionError {
  return Object.assign(new TypeError(PREFIX + problem), { code: 'option-invalid' } as const);
}

export function invalid(name: string, wanted: string, value: unknown): OptionError {
  return optionError(`${name} must be ${wanted}, got ${showValue(value)}`);
}

/** The message of an error without the name of the package, for a line that already begins with that name. */
export function problemOf(error: unknown): string {
  const { message } = error as Error;
  return message.startsWith(PREFIX) ? message.slice(PREFIX.length) : message;
}

/** Formats the value of an option for a message. */
export function showValue(value: unknown): string {
  return showWithout(hideSecrets, value);
}

/** Matches a text between two quotes of JSON, in linear time. */
const PART = /(?:[^"\\]|\\.)+/g;

/**
 * Removes possible secrets from a value in a message, because somebody may have swapped two variables: everything before the last `@`, because a
 * URL with an unencoded password cannot be parsed, and long words with digits.
 */
export function hideSecrets(text: string): string {
  const withoutUser = text.replace(PART, (part) => {
    const at = part.lastIndexOf('@');
    return at < 0 ? part : `${/^[a-z][a-z\d+.-]*:\/\//i.exec(part)?.[0] ?? ''}…${part.slice(at)}`;
  });
  return withoutUser.replace(/[\w-]{20,}/g, (word) => (/\d/.test(word) ? '…' : word));
}

/** The syntax that the environment uses for a value that is not one text. */
export type Syntax = 'a list' | 'a list of patterns' | 'pairs' | 'one word or a list' | 'JSON';

/**
 * Parses the value of an option or variable with this name. Throws an `OptionError` that names both, but never shows a secret. `InCode` is the type
 * of the option in code.
 */
export interface Parser<Resolved, InCode = Resolved> {
  (name: string, value: unknown): Resolved;
  /** Describes valid values, for messages and docs/configuration.md. */
  readonly wanted: string;
  readonly syntax?: Syntax | undefined;
  /** The type in code. Exists only as a type, without a value. */
  readonly inCode?: InCode;
}

/** Creates a parser. `parse` returns `undefined` for an invalid value, and throws if another message is more helpful. */
export function parser<Resolved, InCode = Resolved>(
  wanted: string,
  parse: (value: unknown, name: string) => Resolved | undefined,
  syntax?: Syntax,
): Parser<Resolved, InCode> {
  function parseOption(name: string, value: unknown): Resolved {
    const parsed = parse(value, name);
    if (parsed === undefined) throw invalid(name, wanted, value);
    return parsed;
  }
  return Object.assign(parseOption, { wanted, syntax });
}

/** The properties of an option in addition to its parser. The comment of its declaration is its documentation. */
interface Declaration<Default> {
  /** The environment variable if its name does not follow from that of the option. `undefined` if there is none. */
  readonly env?: string | undefined;
  /** The variable with the path of a file that contains the value, if `env` is not set. Errors never show the path: it may be the secret itself. */
  readonly file?: string;
  /** `required` means that nothing is tracked without a value. */
  readonly default?: Default;
  /** Whether the option decides which data leaves the process. If its variable is invalid, nothing is tracked. */
  readonly isPrivacy?: true;
}

/** One option. `InCode` is its type in code. */
export interface OptionDeclaration<Resolved, InCode = unknown>
  extends Declaration<Resolved | 'required'> {
  readonly parse: Parser<Exclude<Resolved, undefined>, InCode>;
}

export type OptionDeclarations = Readonly<Record<string, OptionDeclaration<unknown>>>;

/** The options in code. */
export type InCode<Declarations> = {
  readonly [Name in keyof Declarations]?: TypeInCode<Declarations[Name]> | undefined;
};

type TypeInCode<Declared> =
  Declared extends OptionDeclaration<unknown, infer InCode> ? InCode : never;

/** The options after parsing, with defaults. */
export type ResolvedValues<Declarations> = {
  readonly [Name in keyof Declarations]: Declarations[Name] extends OptionDeclaration<
    infer Resolved
  >
    ? Resolved
    : never;
};

export function option<
  Resolved,
  InCode,
  const Default extends Resolved | 'required' | undefined = undefined,
>(
  parse: Parser<Resolved, InCode>,
  declaration: Declaration<Default> = {},
): OptionDeclaration<Resolved | Extract<Default, undefined>, InCode> {
  return { ...declaration, parse } as never;
}

/** Adds the names of variables: a prefix and the name of the option in snake case, without `Millis`. */
export function declareOptions<Declarations extends OptionDeclarations>(
  prefix: string,
  declarations: Declarations,
): Declarations {
  const named = Object.entries(declarations).map(([name, declaration]) => {
    const snake = name.replace(/Millis$/, '').replace(/[A-Z]/g, '_$&');
    return [name, { env: prefix + snake.toUpperCase(), ...declaration }];
  });
  return Object.fromEntries(named);
}

/** All variables from which the options are read. */
export function variablesOf(declarations: OptionDeclarations): string[] {
  const all = Object.values(declarations).flatMap(({ env, file }) => [env, file]);
  return all.filter((name) => name !== undefined);
}

import type { Parser } from './parser.js';

/** What an option is, apart from its parser and its documentation, which is the comment of its declaration. */
interface Declaration<Default> {
  /** Environment variable, if its name does not follow from that of the option. `undefined`: there is none. */
  readonly env?: string | undefined;
  /** Variable with the path of a file that has the value, if `env` is not set. Errors never show the path: it may be the secret itself. */
  readonly file?: string;
  /** Variables with the paths of files whose contents are the parts of the value: all of them are set, or none. */
  readonly files?: Readonly<Record<string, string>>;
  /** `required`: without a value, nothing is tracked. */
  readonly default?: Default;
  /** The option decides which data leaves the process: if its variable is invalid, nothing is tracked. */
  readonly isPrivacy?: true;
  /** The command line has a flag with the name of the option. */
  readonly isFlag?: true;
  /** Set for options that only the environment has: what to use in code instead. */
  readonly instead?: string;
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

/** Every variable from which the options are read. */
export function variablesOf(declarations: OptionDeclarations): string[] {
  return Object.values(declarations).flatMap(({ env, file, files = {} }) =>
    [env, file, ...Object.values(files)].filter((name) => name !== undefined),
  );
}

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

export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, '_$&').toUpperCase();
}

/** Declares an option. */
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

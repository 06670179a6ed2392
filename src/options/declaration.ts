import { show } from '../common/diagnostics.js';
import { isRecord } from '../common/is-record.js';
import { nearestName } from '../hit/text.js';
import { invalid, type OptionError, optionError, type Parser, showValue } from './parser.js';

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

/**
 * Resolves options that only code passes: those of a function, such as `play()`, or the properties of an option.
 *
 * @throws OptionError naming option and value; for an unknown name, the nearest known one
 */
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

/** Parses the options that code sets: those of the package, or of a place. */
export function parseInCode(
  declarations: OptionDeclarations,
  inCode: unknown,
  place?: string,
): Record<string, unknown> {
  checkIsObject(inCode, Object.keys(declarations), place);
  const prefix = place === undefined || place.endsWith('()') ? '' : `${place}.`;
  const set: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(inCode)) {
    const declaration = Object.hasOwn(declarations, name) ? declarations[name] : undefined;
    if (!declaration) throw unknownOption(name, value, Object.keys(declarations), place);
    if (value !== undefined) set[name] = declaration.parse(prefix + name, value);
  }
  return set;
}

/** A list, a `Map` or a promise has no options, so that the environment would apply alone, as it would for inherited ones. */
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

function unknownOption(
  name: string,
  value: unknown,
  known: readonly string[],
  place: string | undefined,
): OptionError {
  const near = nearestOption(name, known);
  const all = place
    ? `the options are ${known.join(', ')}`
    : 'docs/configuration.md in this package lists all options';
  const where = place ? ` of ${place}, got ${showValue(value)}` : '';
  const advice = near ? `did you mean ${near}?` : all;
  return optionError(`unknown option ${show(name)}${where}: ${advice}`);
}

/** The option with nearly that name, else the only one whose name contains it, as `tokenAuth` contains `token`. */
function nearestOption(name: string, known: readonly string[]): string | undefined {
  const part = name.toLowerCase();
  const containing = known.filter((option) => option.toLowerCase().includes(part));
  return nearestName(name, known) ?? (containing.length === 1 ? containing[0] : undefined);
}

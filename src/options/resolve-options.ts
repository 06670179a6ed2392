import { readFileSync } from 'node:fs';
import { type Diagnostics, show } from '../diagnostics.js';
import { nearestName } from '../hit/nearest-name.js';
import { coded } from '../messages.js';
import type { MatomoOptions } from '../options.js';
import { OPTIONS, type OptionDeclaration, type OptionName } from './option-table.js';
import type { ResolvedOptions } from './resolved-options.js';
import { wrongOption } from './wrong-option.js';

type Environment = Readonly<Record<string, string | undefined>>;
type Values = Partial<Record<keyof ResolvedOptions, unknown>>;

/**
 * Options from code, else from the environment, else by default. A wrong value in code throws; one in the
 * environment is reported and left out. `undefined`: nothing is to be done, and why has been said.
 */
export function resolveOptions(
  given: MatomoOptions,
  env: Environment,
  diagnostics: Diagnostics,
): ResolvedOptions | undefined {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(OPTIONS, name)) throw unknownOption(name);
    const { inCode } = OPTIONS[name as OptionName];
    if (inCode !== undefined)
      throw wrongOption(`${name} is for register only, in code use ${inCode}`);
  }
  const values: Values = {};
  const missing: string[] = [];
  for (const name of Object.keys(OPTIONS) as OptionName[]) {
    const declaration = OPTIONS[name] as OptionDeclaration<unknown>;
    const inCode = given[name as keyof MatomoOptions];
    const value =
      inCode === undefined
        ? readEnvironment(name, env, diagnostics)
        : declaration.parse(name, inCode);
    if (value !== undefined) values[name] = value;
    else if (declaration.default === 'required') missing.push(`${name} (${declaration.env})`);
    else values[name] = declaration.default;
  }
  if (values.enabled === false) return undefined;
  if (missing.length > 0) {
    diagnostics.error(coded('options-missing', `nothing is tracked: set ${missing.join(' and ')}`));
    return undefined;
  }
  if (given.tokenAuth === undefined && !env.MATOMO_TOKEN_AUTH && env.MATOMO_TOKEN_AUTH_FILE) {
    values.rereadToken = () => readEnvironment('tokenAuth', env, diagnostics);
  }
  return values as ResolvedOptions;
}

/** What the environment says of one option; `undefined` where it says nothing that can be used. */
export function readEnvironment<Name extends OptionName>(
  name: Name,
  env: Environment,
  diagnostics: Diagnostics,
): ResolvedOptions[Name] | undefined {
  const { env: variable, fromText, parse } = OPTIONS[name];
  if (variable === undefined) return undefined;
  const text =
    env[variable] || (name === 'tokenAuth' ? tokenFromFile(env, diagnostics) : undefined);
  if (!text) return undefined;
  try {
    return parse(variable, readText(variable, text, fromText));
  } catch (error) {
    diagnostics.error(coded('environment-wrong', `${(error as Error).message}; it is not used`));
    return undefined;
  }
}

function readText(
  variable: string,
  text: string,
  fromText: ((text: string) => unknown) | undefined,
): unknown {
  if (!fromText) return text;
  try {
    return fromText(text);
  } catch (error) {
    throw wrongOption(`${variable} cannot be read, got ${show(text)} (${(error as Error).name})`);
  }
}

function tokenFromFile(env: Environment, diagnostics: Diagnostics): string | undefined {
  const file = env.MATOMO_TOKEN_AUTH_FILE;
  if (!file) return undefined;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    diagnostics.error(
      coded(
        'token-file',
        `MATOMO_TOKEN_AUTH_FILE ${show(file)} cannot be read (${code}); no token is used`,
      ),
    );
    return undefined;
  }
}

function unknownOption(name: string): TypeError {
  const near = nearestName(name, Object.keys(OPTIONS));
  const hint = near ? `did you mean ${near}?` : `there are ${Object.keys(OPTIONS).join(', ')}`;
  return wrongOption(`unknown option ${show(name)}: ${hint}`);
}

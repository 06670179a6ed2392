import { PREFIX, showWithout } from '../common/diagnostics.js';
import type { MessageCode } from '../common/messages.js';
import type { Syntax } from './syntax.js';

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

/** What is between two quotes of JSON. A match is never undone, so that the time is linear. */
const PART = /(?:[^"\\]|\\.)+/g;
const SCHEME = /^[a-z][a-z\d+.-]*:\/\//i;
const LONG_WORD = /[\w-]{20,}/g;

/** Removes what may be a secret from a value in a message: somebody may have swapped two variables. */
export function hideSecrets(text: string): string {
  return text.replace(PART, withoutUser).replace(LONG_WORD, withoutToken);
}

/** Hides everything before the last `@`: without a scheme, or with an unencoded password, a URL cannot be parsed. */
function withoutUser(part: string): string {
  const at = part.lastIndexOf('@');
  return at < 0 ? part : `${SCHEME.exec(part)?.[0] ?? ''}…${part.slice(at)}`;
}

/** Hides a word such as the 32 hexadecimal digits of Matomo's tokens. */
function withoutToken(word: string): string {
  return /\d/.test(word) ? '…' : word;
}

/** Formats the value of an option for a message. */
export function showValue(value: unknown): string {
  return showWithout(hideSecrets, value);
}

/** The message of an error for a line that begins with the name of the package. */
export function problemOf(error: unknown): string {
  const { message } = error as Error;
  return message.startsWith(PREFIX) ? message.slice(PREFIX.length) : message;
}

/**
 * Takes the name of an option or variable and its value, and returns the resolved value. Throws an `OptionError` that names both, but
 * never shows a secret. `InCode` is the type of the option in code.
 */
export interface Parser<Resolved, InCode = Resolved> {
  (name: string, value: unknown): Resolved;
  /** What a value must be, for messages and docs/configuration.md. */
  readonly wanted: string;
  /** How a variable writes the value, unless it is text. */
  readonly syntax?: Syntax | undefined;
  /** Exists for the type only. */
  readonly inCode?: InCode;
}

interface ParserSettings {
  readonly syntax?: Syntax;
  /** What a value in code may be besides. */
  readonly orInCode?: string;
}

/** `parse` returns `undefined` if the value is not what is wanted. It throws if another message helps more. */
export function parser<Resolved, InCode = Resolved>(
  wanted: string,
  parse: (value: unknown, name: string) => Resolved | undefined,
  { syntax, orInCode }: ParserSettings = {},
): Parser<Resolved, InCode> {
  function parseOption(name: string, value: unknown): Resolved {
    const parsed = parse(value, name);
    if (parsed !== undefined) return parsed;
    const all = orInCode === undefined || isVariable(name) ? wanted : `${wanted} or ${orInCode}`;
    throw invalid(name, all, value);
  }
  return Object.assign(parseOption, { wanted, syntax });
}

export function invalid(name: string, wanted: string, value: unknown): OptionError {
  return optionError(`${name} must be ${wanted}, got ${showValue(value)}`);
}

/** Whether a value is from the environment, by the name that messages about it have. */
export function isVariable(name: string): boolean {
  return name.startsWith('MATOMO_');
}

export const text: Parser<string> = parser('text', (value) =>
  typeof value === 'string' && value.trim() !== '' ? value : undefined,
);

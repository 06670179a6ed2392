import { expect } from 'vitest';
import { PREFIX } from '../../src/common/diagnostics.js';
import { splitCode } from '../../src/common/messages.js';
import { type OptionDeclarations, variablesOf } from '../../src/options/declaration.js';

/** Options, and how they are resolved. */
export interface SurveyedOptions {
  readonly declarations: OptionDeclarations;
  /** Resolves options from code and environment. Throws if one is invalid. */
  readonly resolve: (
    inCode: Readonly<Record<string, unknown>>,
    env: Readonly<Record<string, string>>,
  ) => object | undefined;
}

/** What an option does with the values below. It refuses those that are neither kept nor converted. */
interface Outcomes {
  /** Given values that are not changed. */
  readonly kept: string[];
  /** The resolved values, by the given ones. */
  readonly converted: Record<string, unknown>;
  /** The codes of the errors about the others. */
  readonly codes: Set<string | undefined>;
}

/** Given in code. */
const VALUES: readonly unknown[] = [
  ...[0, 1, null, true, -1, 1.5, Number.NaN, 1e15],
  ...['', ' ', 'x', '(y e s', '1', 'https://u:p@shop.test?a'],
  ...[[], ['a'], ['/a'], ['a b'], ['('], ['+a'], [5], [/x/g]],
  ...[{}, { a: 5 }, { 0: 'x' }, { 1: 'mcp.session.id' }, { '/a': 5 }, { '/a': { uidd: 5 } }],
  ...[/x/, () => 1, async () => 1, Symbol('x')],
];

/** Given in the environment. */
const TEXTS: readonly string[] = [
  ...['TRUE', '0', '1', '-1', '1.5', '.5', '1000000000000000', 'x', '(y e s', 'a,b'],
  ...['a{1,2}', '/a{1,2}/i,b', '/a,/b', '["a"]', '1=http.route', '0=x'],
  ...['1=http.request.header.cookie', 'x-key=a', 'Host=a', '{"/a":{"uid":"x"}}'],
  ...['{"/a":{"uidd":"x"}}', '{method} {nonsense}', 'https://shop.test/a/'],
  ...['https://u:p@shop.test?a', 'redis://u:p@redis.test/x', 'admin:p@redis.test', './spool'],
  ...['cookie:consent=yes', 'header:X-Consent=a,b', 'jwt.sub', 'jwt.email'],
  ...['http.response.header.x', 'loopbak', 'Daily', 'strict', 'template', 'track', 'ignore'],
  ...['all', 'off', 'global', 'None', '+a,b', '[::1]:4318', '127.0.0.1:99999'],
];

/** The name of a value in the recordings. */
function labelOf(value: unknown): string {
  if (typeof value === 'function')
    return /^async/.test(String(value)) ? 'an async function' : 'a function';
  if (typeof value === 'symbol') return 'a symbol';
  if (Number.isNaN(value) || value instanceof RegExp) return String(value);
  return Array.isArray(value) && value[0] instanceof RegExp ? '[/x/g]' : JSON.stringify(value);
}

/** Tries every value with an option, in code and in the environment. */
export function surveyOption({ declarations, resolve }: SurveyedOptions, option: string): object {
  const { env = '', default: value, isPrivacy = false } = declarations[option] ?? {};
  function survey(
    name: string,
    given: readonly (readonly [label: string, value: unknown])[],
    attempt: (value: unknown) => object | undefined,
  ) {
    const { kept, converted, codes }: Outcomes = { kept: [], converted: {}, codes: new Set() };
    for (const [label, value] of given) {
      try {
        const resolved = toPlain(Object(attempt(value))[option]) ?? 'nothing';
        if (JSON.stringify(resolved) === JSON.stringify(toPlain(value))) kept.push(label);
        else converted[label] = resolved;
      } catch (error) {
        const { message, code } = error as NodeJS.ErrnoException;
        expect(message.replace(PREFIX, '').startsWith(name), message).toBe(true);
        codes.add(code ?? splitCode(message).code);
      }
    }
    return { kept, converted, codes: [...codes] };
  }
  const texts = env === '' ? [] : TEXTS.map((text) => [text, text] as const);
  return {
    variables: variablesOf({ option: declarations[option] as never }),
    default: toPlain(value),
    isPrivacy,
    inCode: survey(
      option,
      VALUES.map((value) => [labelOf(value), value]),
      (given) => resolve({ [option]: given }, {}),
    ),
    inEnvironment: survey(env, texts, (text) => resolve({}, { [env]: String(text) })),
  };
}

/** As JSON can write it. */
function toPlain(value: unknown): unknown {
  if (value === undefined) return undefined;
  const text = JSON.stringify(value, (_key, one: unknown) => {
    if (typeof one === 'function') return 'a function';
    return one instanceof RegExp || typeof one === 'symbol' ? String(one) : one;
  });
  return JSON.parse(text);
}

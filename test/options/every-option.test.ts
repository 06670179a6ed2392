import { expect, test } from 'vitest';
import { PREFIX } from '../../src/common/diagnostics.js';
import { splitCode } from '../../src/common/messages.js';
import { RECEIVER_OPTIONS, resolveReceiver } from '../../src/gateway/receiver-options.js';
import { type OptionDeclarations, variablesOf } from '../../src/options/option.js';
import { OPTIONS } from '../../src/options/option-table.js';
import { optionsFrom } from '../support/options-from.js';

/** Options, and how they are resolved. */
interface SurveyedOptions {
  readonly declarations: OptionDeclarations;
  /** Resolves options from code and environment. Throws if one is invalid. */
  readonly resolve: (
    inCode: Readonly<Record<string, unknown>>,
    env: Readonly<Record<string, string>>,
  ) => object | undefined;
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

/** Tries every value with an option, in code and in the environment. Those that are neither kept nor converted are refused. */
function surveyOption({ declarations, resolve }: SurveyedOptions, option: string): object {
  const { env = '', default: value, isPrivacy = false } = declarations[option] ?? {};
  function survey(
    name: string,
    given: readonly (readonly [label: string, value: unknown])[],
    attempt: (value: unknown) => object | undefined,
  ) {
    const kept: string[] = [];
    const converted: Record<string, unknown> = {};
    const codes = new Set<string | undefined>();
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

const PROCESSOR: SurveyedOptions = {
  declarations: OPTIONS,
  resolve(inCode, env) {
    const { options, logged } = optionsFrom(env, inCode);
    const problem = logged.find((line) => line.startsWith('MATOMO_'));
    if (problem !== undefined) throw new Error(problem);
    return options;
  },
};
const RECEIVER: SurveyedOptions = {
  declarations: RECEIVER_OPTIONS,
  resolve: (inCode, env) => resolveReceiver(inCode, env).receiver,
};

// After a change of an option, `npx vitest run -u test/options/every-option.test.ts` writes the files again.
test.each([
  ['processor', PROCESSOR],
  ['receiver', RECEIVER],
] as const)(
  'options of the %s have the variables, defaults and values that are recorded, and errors name them',
  async (part, options) => {
    const lines = Object.keys(options.declarations).map((name) =>
      JSON.stringify({ name, ...surveyOption(options, name) }),
    );
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`../fixtures/options/${part}.jsonl`);
  },
);

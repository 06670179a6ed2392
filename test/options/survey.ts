import { show } from '../../src/common/diagnostics.js';

/** What the survey needs of a version of the options. */
export interface SurveyedOptions {
  readonly declarations: Readonly<Record<string, SurveyedDeclaration>>;
  /** Resolves options from code and environment. Throws if one in code is invalid. */
  readonly resolve: (
    inCode: Readonly<Record<string, unknown>>,
    env: Readonly<Record<string, string>>,
    log: (message: string) => void,
  ) => Readonly<Record<string, unknown>> | undefined;
}

interface SurveyedDeclaration {
  readonly env?: string | undefined;
  readonly file?: string | undefined;
  readonly files?: Readonly<Record<string, string>> | undefined;
  readonly default?: unknown;
  readonly isPrivacy?: boolean | undefined;
}

/** What an option is, and what it does with each of the values below. */
export interface SurveyedOption {
  readonly variables: readonly string[];
  readonly default?: unknown;
  readonly isPrivacy: boolean;
  readonly inCode: Outcomes;
  readonly inEnvironment: Outcomes;
}

interface Outcomes {
  /** Given values that are not changed. */
  readonly kept: readonly string[];
  /** The resolved values, by the given ones. */
  readonly converted: Readonly<Record<string, unknown>>;
  /** The errors about the others, in which `%` is the value. */
  readonly refused: Readonly<Record<string, string>>;
}

export const VALUES: Readonly<Record<string, unknown>> = {
  null: null,
  true: true,
  1: 1,
  0: 0,
  '-1': -1,
  1.5: 1.5,
  NaN: Number.NaN,
  1e15: 1e15,
  '""': '',
  '" "': ' ',
  '"x"': 'x',
  '"(y e s"': '(y e s',
  '"1"': '1',
  '"https://u:p@shop.test?a"': 'https://u:p@shop.test?a',
  '[]': [],
  '["a"]': ['a'],
  '["/a"]': ['/a'],
  '["a b"]': ['a b'],
  '["("]': ['('],
  '["+a"]': ['+a'],
  '[5]': [5],
  '[/x/g]': [/x/g],
  '{}': {},
  '{"a":5}': { a: 5 },
  '{"0":"x"}': { 0: 'x' },
  '{"1":"mcp.session.id"}': { 1: 'mcp.session.id' },
  '{"/a":5}': { '/a': 5 },
  '{"/a":{"uidd":5}}': { '/a': { uidd: 5 } },
  '/x/': /x/,
  'a function': () => 1,
  'an async function': async () => 1,
  'a symbol': Symbol('x'),
};

export const TEXTS: readonly string[] = [
  'TRUE',
  '0',
  '1',
  '-1',
  '1.5',
  '.5',
  '1000000000000000',
  'x',
  '(y e s',
  'a,b',
  'a{1,2}',
  '/a{1,2}/i,b',
  '/a,/b',
  '["a"]',
  '1=http.route',
  '0=x',
  '1=http.request.header.cookie',
  'x-key=a',
  'Host=a',
  '{"/a":{"uid":"x"}}',
  '{"/a":{"uidd":"x"}}',
  '{method} {nonsense}',
  'https://shop.test/a/',
  'https://u:p@shop.test?a',
  'redis://u:p@redis.test/x',
  'admin:p@redis.test',
  './spool',
  'cookie:consent=yes',
  'header:X-Consent=a,b',
  'jwt.sub',
  'jwt.email',
  'http.response.header.x',
  'loopbak',
  'Daily',
  'strict',
  'template',
  'track',
  'ignore',
  'all',
  'off',
  'global',
  'None',
  '+a,b',
  '[::1]:4318',
  '127.0.0.1:99999',
];

const EFFECT = /\. (?:Nothing is tracked|The variable is ignored).* (\[[\w-]+\])$/;

/** Tries every value with an option, in code and in the environment. */
export function surveyOption(
  { declarations, resolve }: SurveyedOptions,
  name: string,
): SurveyedOption {
  const { env, file, files, default: value, isPrivacy = false } = declarations[name] ?? {};
  const inCode = outcomesOf(Object.entries(VALUES), (given) => {
    const resolved = resolve({ [name]: given }, {}, () => undefined);
    return { value: resolved?.[name] };
  });
  const texts = env === undefined ? [] : TEXTS.map((text) => [text, text] as const);
  const inEnvironment = outcomesOf(texts, (text) => {
    const logged: string[] = [];
    const resolved = resolve({}, { [String(env)]: String(text) }, (line) => logged.push(line));
    const problem = logged.find((line) => line.startsWith(String(env)))?.replace(EFFECT, ' $1');
    return problem === undefined ? { value: resolved?.[name] } : { problem };
  });
  return {
    variables: [env, file, ...Object.values(files ?? {})].filter((one) => one !== undefined),
    ...(value !== undefined && { default: toPlain(value) }),
    isPrivacy,
    inCode,
    inEnvironment,
  };
}

function outcomesOf(
  given: readonly (readonly [string, unknown])[],
  attempt: (value: unknown) => { value: unknown } | { problem: string },
): Outcomes {
  const kept: string[] = [];
  const converted: Record<string, unknown> = {};
  const refused: Record<string, string> = {};
  for (const [label, value] of given) {
    const outcome = attemptSafely(attempt, value);
    if ('problem' in outcome) {
      refused[label] = outcome.problem.split(`got ${show(value)}`).join('got %');
    } else {
      const resolved = toPlain(outcome.value) ?? 'nothing';
      if (JSON.stringify(resolved) === JSON.stringify(toPlain(value))) kept.push(label);
      else converted[label] = resolved;
    }
  }
  return { kept, converted, refused };
}

function attemptSafely(
  attempt: (value: unknown) => { value: unknown } | { problem: string },
  value: unknown,
): { value: unknown } | { problem: string } {
  try {
    return attempt(value);
  } catch (error) {
    return { problem: (error as Error).message.replace(/^opentelemetry-matomo: /, '') };
  }
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

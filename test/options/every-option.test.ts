import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { RECEIVER_OPTIONS, resolveReceiver } from '../../src/gateway/receiver-options.js';
import { ENVIRONMENT_OPTIONS } from '../../src/options/option-table.js';
import { resolveOptions } from '../../src/options/resolve-options.js';
import { diagnosticsTo } from '../support/diagnostics.js';
import {
  type SurveyedOption,
  type SurveyedOptions,
  surveyOption,
  TEXTS,
  VALUES,
} from './survey.js';

/** As in the fixture: values by their error. An empty list is that of all other values. */
interface RecordedOutcomes {
  readonly kept: readonly string[];
  readonly converted: Readonly<Record<string, unknown>>;
  readonly refused: Readonly<Record<string, readonly string[]>>;
}
interface RecordedOption extends Pick<SurveyedOption, 'variables' | 'default' | 'isPrivacy'> {
  readonly inCode: RecordedOutcomes;
  readonly inEnvironment: RecordedOutcomes;
}
type Recorded = Readonly<Record<string, RecordedOption>>;

/** All options as they were at commit ae61b62, with what they accepted and their errors. */
const recorded = JSON.parse(
  readFileSync(new URL('../fixtures/options.json', import.meta.url), 'utf8'),
) as { processor: Recorded; receiver: Recorded };

/** Errors that have another text today. */
const REWORDED: readonly [before: RegExp, today: RegExp][] = [
  [/ must be a template( or a function)?,/, / must be a template of \{method\}, .*\{span\}/],
  [
    / must be a list of (exact paths|strings|paths that begin)/,
    / must be a list of exact paths that begin with a slash \(use ignorePatterns/,
  ],
  [
    / must be a list of (request methods|strings|at least one)/,
    / must be a list of (at least one )?request methods?,/,
  ],
  [
    / must be an object (of tracking parameters|with keys)/,
    / must be an object of tracking parameters by route, such as "GET/,
  ],
  [
    / must be (pairs|an object (by IDs|of attributes))/,
    / must be names of attributes by ID from 1 to 999, such as 1=http\.route,/,
  ],
  [
    /trustProxy must be a list of strings,/,
    / must be a list of IP addresses and CIDRs or a boolean or a number of hops,/,
  ],
  [
    / must be one of "auto", "cookie", "none",/,
    / must be one of "auto", "cookie", "none" or a function,/,
  ],
  [
    /query must be ("keep"|a list of strings)/,
    / must be "keep", "redact", "strip" or a list of names \(write/,
  ],
  [
    / must be a positive whole number( \(to choose | or a function|, got)/,
    / must be a positive whole number, or sites of services such as shop=3,blog=4,\*=1/,
  ],
  [
    / must be a list of regular expressions \(write one that contains a comma .* JSON\),/,
    / must be a list of regular expressions \(write one that contains a comma .* JSON; flags are/,
  ],
  // A privacy option since
  [
    /^MATOMO_TRUST_PROXY must be .*\[environment-invalid\]$/,
    /^MATOMO_TRUST_PROXY must be .*\[privacy-option-invalid\]$/,
  ],
  // The item instead of the list
  [
    / must be a list of names or regular expressions, got %/,
    / must be a list of names or regular expressions, got 5/,
  ],
];

/** Privacy options since: `ignoreAddresses` compares with the address that proxies report. */
const STRICTER: ReadonlySet<string> = new Set(['trustProxy']);

const PROCESSOR: SurveyedOptions = {
  declarations: ENVIRONMENT_OPTIONS,
  resolve(inCode, env, log) {
    const required = { MATOMO_URL: 'https://matomo.test', MATOMO_SITE_ID: '1' };
    return resolveOptions(inCode, { ...required, ...env }, diagnosticsTo(log)) as never;
  },
};
const RECEIVER: SurveyedOptions = {
  declarations: RECEIVER_OPTIONS,
  resolve: (inCode, env) => resolveReceiver(inCode, env).receiver as never,
};

test.each([
  ['processor', PROCESSOR],
  ['receiver', RECEIVER],
] as const)('no option of the %s is missing', (part, { declarations }) => {
  expect(Object.keys(declarations)).toEqual(expect.arrayContaining(Object.keys(recorded[part])));
});

test.each([
  ...Object.entries(recorded.processor).map((row) => [...row, PROCESSOR] as const),
  ...Object.entries(recorded.receiver).map((row) => [...row, RECEIVER] as const),
])('%s has the variables, default, values and errors that it had', (name, before, options) => {
  const today = surveyOption(options, name);
  expect(today).toEqual({
    ...before,
    isPrivacy: before.isPrivacy || STRICTER.has(name),
    inCode: expected(before.inCode, Object.keys(VALUES), today.inCode.refused),
    inEnvironment: expected(before.inEnvironment, TEXTS, today.inEnvironment.refused),
  });
});

/** The recorded outcomes. Errors have their text of today, if that is declared. */
function expected(
  { kept, converted, refused }: RecordedOutcomes,
  labels: readonly string[],
  today: Readonly<Record<string, string>>,
): SurveyedOption['inCode'] {
  const problems = Object.entries(refused);
  const [others] = problems.find(([, some]) => some.length === 0) ?? [];
  const errors = labels
    .filter(
      (label) => others !== undefined && !kept.includes(label) && !Object.hasOwn(converted, label),
    )
    .map((label) => {
      const [problem = others ?? ''] = problems.find(([, some]) => some.includes(label)) ?? [];
      const now = today[label] ?? '';
      const isReworded = REWORDED.some(
        ([before, after]) => before.test(problem) && after.test(now),
      );
      return [label, isReworded ? now : problem];
    });
  return { kept, converted, refused: Object.fromEntries(errors) };
}

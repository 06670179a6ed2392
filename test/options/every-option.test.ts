import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { RECEIVER_OPTIONS, resolveReceiver } from '../../src/gateway/receiver-options.js';
import { OPTIONS } from '../../src/options/option-table.js';
import { resolveOptions } from '../../src/options/resolve-options.js';
import { diagnosticsTo } from '../support/diagnostics.js';
import { type SurveyedOption, type SurveyedOptions, surveyOption } from './survey.js';

type Survey = Record<string, SurveyedOption>;

const FIXTURE = new URL('../fixtures/options.json', import.meta.url);
const known = JSON.parse(readFileSync(FIXTURE, 'utf8')) as { processor: Survey; receiver: Survey };

const PROCESSOR: SurveyedOptions = {
  declarations: OPTIONS,
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
] as const)('all options of the %s are known', (part, options) => {
  expect(Object.keys(options.declarations).sort()).toEqual(Object.keys(known[part]).sort());
});

test.each([
  ...Object.entries(known.processor).map((row) => [...row, PROCESSOR] as const),
  ...Object.entries(known.receiver).map((row) => [...row, RECEIVER] as const),
])('%s has the same variables, default, values and errors', (name, before, options) => {
  expect(surveyOption(options, name)).toEqual(before);
});

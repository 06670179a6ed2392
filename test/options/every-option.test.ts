import { expect, test } from 'vitest';
import { RECEIVER_OPTIONS, resolveReceiver } from '../../src/gateway/receiver-options.js';
import { OPTIONS } from '../../src/options/option-table.js';
import { resolveOptions } from '../../src/options/resolve-options.js';
import { collectDiagnostics } from '../support/diagnostics.js';
import { type SurveyedOptions, surveyOption } from './survey.js';

const PROCESSOR: SurveyedOptions = {
  declarations: OPTIONS,
  resolve(inCode, env) {
    const required = { MATOMO_URL: 'https://matomo.test', MATOMO_SITE_ID: '1' };
    const { diagnostics, logged } = collectDiagnostics();
    const options = resolveOptions(inCode, { ...required, ...env }, diagnostics);
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

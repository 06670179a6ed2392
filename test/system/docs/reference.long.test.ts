import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { RECEIVER_OPTIONS } from '../../../src/gateway/receiver-options.js';
import type { OptionDeclarations } from '../../../src/options/option.js';
import { OPTIONS } from '../../../src/options/option-table.js';
import { ROOT } from '../../support/child-process.js';
import { read } from './pages.js';

const script = pathToFileURL(join(ROOT, 'scripts/configuration.mjs')).href;
const { configurationPage } = (await import(script)) as {
  configurationPage: (options: OptionDeclarations) => string;
};

test('docs/configuration.md is what the declarations of the options and their comments say', () => {
  const options = { ...OPTIONS, ...RECEIVER_OPTIONS };
  const isFresh = read('docs/configuration.md') === configurationPage(options);
  expect(isFresh, 'docs/configuration.md is stale: run `npm run configuration`').toBe(true);
});

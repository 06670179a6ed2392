import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { RECEIVER_OPTIONS } from '../../../src/gateway/receiver-options.js';
import { AI_CHATBOTS } from '../../../src/hit/bots/ai-chatbots.js';
import { HEALTH_CHECKERS } from '../../../src/hit/bots/health-checkers.js';
import type { OptionDeclarations } from '../../../src/options/declaration.js';
import { ENVIRONMENT_OPTIONS } from '../../../src/options/option-table.js';
import { ROOT } from '../../support/child-process.js';
import { optionsFrom } from '../../support/options-from.js';
import { read } from './pages.js';

const script = pathToFileURL(join(ROOT, 'scripts/configuration.mjs')).href;
const { configurationPage } = (await import(script)) as {
  configurationPage: (options: OptionDeclarations, lists: object) => string;
};
const page = read('docs/configuration.md');

test('docs/configuration.md is what the declarations of the options and their comments say', () => {
  const options = { ...ENVIRONMENT_OPTIONS, ...RECEIVER_OPTIONS };
  const isFresh = page === configurationPage(options, { HEALTH_CHECKERS, AI_CHATBOTS });
  expect(isFresh, 'docs/configuration.md is stale: run `npm run configuration`').toBe(true);
});

test.each([
  ['a website', 1],
  ['an API', 2],
])('the recommended settings for %s are valid', (_what, column) => {
  const [, table = ''] = page.split('## Recommended settings');
  const rows = [...table.matchAll(/^\| \[`(MATOMO_\w+)`\].*$/gm)].map(([row, name = '']) => {
    const value = row.split(' | ')[column]?.replaceAll('`', '').replace('…', '0'.repeat(32)) ?? '';
    return [name, value] as const;
  });
  const env = Object.fromEntries(rows.filter(([, value]) => value !== '–'));
  expect(Object.keys(env).length).toBeGreaterThan(4);
  const { options, logged } = optionsFrom(env, { url: 'https://matomo.example.org', siteId: 1 });
  expect(options).toBeDefined();
  expect(logged).toEqual([]);
});

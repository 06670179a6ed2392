import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { RECEIVER_OPTIONS } from '../../../src/gateway/receiver-options.js';
import { AI_CHATBOTS } from '../../../src/hit/bots/ai-chatbots.js';
import { HEALTH_CHECKERS } from '../../../src/hit/ignore.js';
import type { OptionDeclarations } from '../../../src/options/declaration.js';
import { OPTIONS } from '../../../src/options/option-table.js';
import { resolveOptions } from '../../../src/options/resolve-options.js';
import { ROOT } from '../../support/child-process.js';
import { diagnosticsTo } from '../../support/diagnostics.js';
import { read } from './pages.js';

interface Sources {
  readonly OPTIONS: OptionDeclarations;
  readonly RECEIVER_OPTIONS: OptionDeclarations;
  readonly HEALTH_CHECKERS: readonly RegExp[];
  readonly AI_CHATBOTS: readonly string[];
}

const sources: Sources = { OPTIONS, RECEIVER_OPTIONS, HEALTH_CHECKERS, AI_CHATBOTS };
const script = pathToFileURL(join(ROOT, 'scripts/configuration.mjs')).href;
const { configurationPage, typeOfOptions, withProperties } = (await import(script)) as {
  configurationPage: (sources: Sources) => string;
  typeOfOptions: (table: string, declarations: OptionDeclarations) => string;
  withProperties: (file: string, name: string, properties: string) => string;
};
const page = read('docs/configuration.md');

test('docs/configuration.md is what the table of options and the comments of their type say', () => {
  const isFresh = page === configurationPage(sources);
  expect(isFresh, 'docs/configuration.md is stale: run `npm run configuration`').toBe(true);
});

test.each([
  ['src/options.ts', 'MatomoOptions', 'src/options/option-table.ts', OPTIONS],
  [
    'src/gateway/gateway-options.ts',
    'ReceiverOptions',
    'src/gateway/receiver-options.ts',
    RECEIVER_OPTIONS,
  ],
])('%s has the interface %s that %s declares', (file, name, table, declarations) => {
  const generated = withProperties(file, name, typeOfOptions(table, declarations));
  const withoutLayout = (text: string) => text.replace(/[\s|]/g, '');
  const isFresh = withoutLayout(read(file)) === withoutLayout(generated);
  expect(isFresh, `${file} is stale: run \`npm run configuration\``).toBe(true);
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
  const lines: string[] = [];
  const given = { url: 'https://matomo.example.org', siteId: 1 };
  expect(
    resolveOptions(
      given,
      env,
      diagnosticsTo((line) => lines.push(line)),
    ),
  ).toBeDefined();
  expect(lines).toEqual([]);
});

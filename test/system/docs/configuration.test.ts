import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { AI_CHATBOTS } from '../../../src/hit/bots/ai-chatbots.js';
import { HEALTH_CHECKERS } from '../../../src/hit/request-patterns.js';
import { OPTIONS, type OptionDeclaration } from '../../../src/options/option-table.js';
import { resolveOptions } from '../../../src/options/resolve-options.js';
import { ROOT } from '../../support/child-process.js';
import { diagnosticsTo } from '../../support/diagnostics.js';
import { read } from './pages.js';

interface Sources {
  readonly OPTIONS: Readonly<Record<string, OptionDeclaration<unknown>>>;
  readonly HEALTH_CHECKERS: readonly RegExp[];
  readonly AI_CHATBOTS: readonly string[];
}

const sources: Sources = { OPTIONS, HEALTH_CHECKERS, AI_CHATBOTS };
const script = pathToFileURL(join(ROOT, 'scripts/configuration.mjs')).href;
const { configurationPage } = (await import(script)) as {
  configurationPage: (sources: Sources) => string;
};
const page = read('docs/configuration.md');

test('docs/configuration.md is what the table of options and the comments of their type say', () => {
  const isFresh = page === configurationPage(sources);
  expect(isFresh, 'docs/configuration.md is stale: run `npm run configuration`').toBe(true);
});

test.each(Object.entries(sources.OPTIONS))('it has a section on %s', (name, { env }) => {
  const section = page.split(/^###? /m).find((text) => text.startsWith(`\`${name}\`\n`)) ?? '';
  const [, text = '', facts = ''] = section.split('\n\n');
  expect(text).toMatch(/^[`A-Z][\s\S]*\.$/);
  expect(facts).toMatch(/^\* In code: `.+`/);
  expect(facts).toContain(
    `\n* In the environment: ${env === undefined ? 'not available' : `\`${env}\``}`,
  );
  expect(facts).toMatch(/\n\* Default: .+/);
});

test('an option without a comment is refused by name', () => {
  const declaration = OPTIONS.dryRun as OptionDeclaration<unknown>;
  const withNew = { ...sources, OPTIONS: { ...OPTIONS, newOption: declaration } };
  expect(() => configurationPage(withNew as Sources)).toThrow('newOption');
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

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SETUP_TOKEN } from '../../../src/cli/setup.js';
import { RECEIVER_VARIABLES } from '../../../src/gateway/receiver-options.js';
import type { OptionDeclarations } from '../../../src/options/declaration.js';
import { ENVIRONMENT_OPTIONS } from '../../../src/options/option-table.js';
import { ROOT } from '../../support/child-process.js';
import { optionsFrom } from '../../support/options-from.js';
import { codeIn, linksOf, PAGES, read, rowsWith } from './pages.js';

const options: OptionDeclarations = ENVIRONMENT_OPTIONS;
const variables = Object.values(options).flatMap(({ env }) => env ?? []);

test('the index names every page in docs', () => {
  const index = read('docs/README.md');
  const pages = PAGES.filter((page) => /^docs\/[^/]+\.md$/.test(page) && page !== 'docs/README.md');
  expect(pages.filter((page) => !index.includes(`(${page.slice('docs/'.length)})`))).toEqual([]);
});

describe.each(PAGES)('%s', (page) => {
  test('has links to files and headings that exist', () => {
    expect(linksOf(page).filter((target) => !leadsSomewhere(page, target))).toEqual([]);
  });

  test('runs scripts with npm that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...read(page).matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name]) => name);
    expect(named.filter((name) => !Object.hasOwn(scripts, name as string))).toEqual([]);
  });

  test('names environment variables that exist', () => {
    const named = read(page).match(/\bMATOMO_[A-Z_]+\b/g) ?? [];
    const known = [
      ...variables,
      'MATOMO_TOKEN_AUTH_FILE',
      'MATOMO_VISITOR_KEY_FILE',
      SETUP_TOKEN,
      ...RECEIVER_VARIABLES,
    ] as string[];
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });

  test('gives environment variables values that are taken', () => {
    const complaints = assignmentsOf(page).flatMap(
      (env) => optionsFrom({ MATOMO_TOKEN_AUTH: 'a-token', ...env }).logged,
    );
    expect(complaints).toEqual([]);
  });

  test('lists options that exist, each with its own environment variable', () => {
    for (const row of rowsWith(page, 'option')) {
      const names = codeIn(row.option as string);
      expect(names.filter((name) => !Object.hasOwn(options, name))).toEqual([]);
      const expected = names.flatMap((name) => options[name]?.env ?? []);
      if (row.environment !== undefined) expect(codeIn(row.environment)).toEqual(expected);
    }
  });
});

/** `NAME=value`, in code and in text, with the value as a shell would pass it on; without placeholders such as `<your token>`. */
function assignmentsOf(page: string): Record<string, string>[] {
  const shell = /\b(MATOMO_[A-Z_]+)=(?:'([^']*)'|([^\s`'"]+))/g;
  const matches = [...read(page).matchAll(shell)].filter(
    ([, , quoted]) => !quoted?.startsWith('<'),
  );
  return matches.map(([, name = '', quoted, plain = '']) => ({ [name]: quoted ?? plain }));
}

function leadsSomewhere(page: string, target: string): boolean {
  const [path = '', heading] = target.split('#');
  const file = path === '' ? page : join(dirname(page), path);
  if (!existsSync(join(ROOT, file))) return false;
  return heading === undefined || headingsOf(file).includes(heading);
}

/** As GitHub makes them. */
function headingsOf(page: string): string[] {
  const headings = read(page).matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, text = '']) =>
    text
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

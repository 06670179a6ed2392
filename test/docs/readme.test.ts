import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { OPTIONS, type OptionDeclaration } from '../../src/options/option-table.js';
import { ROOT } from '../support/child-process.js';

const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...pagesBelow('docs'),
  ...pagesBelow('examples'),
];
const readme = read('README.md');

const codeBlocks = [
  ...readme.matchAll(/(?:<!-- from (\S+) -->\n)?```(?:js|ts|mjs)\n(.*?)```/gs),
].map(([, source, code = '']) => ({ source, code, firstLine: code.trim().split('\n', 1)[0] }));

test('the README shows code', () => {
  expect(codeBlocks.length).toBeGreaterThan(3);
});

test.each(codeBlocks)(
  'the code of the README that begins `$firstLine` runs in an example',
  ({ source, code }) => {
    expect(source).toMatch(/^examples\//);
    expect(read(source as string)).toContain(code);
  },
);

test.each(PAGES)('every link of %s to a file leads to one', (page) => {
  expect(linksOf(page).filter((target) => !existsSync(join(ROOT, dirname(page), target)))).toEqual(
    [],
  );
});

test.each(PAGES)('every script that %s runs with npm exists', (page) => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = [...read(page).matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name]) => name);
  expect(named.filter((name) => !Object.hasOwn(scripts, name as string))).toEqual([]);
});

test('the README lists every option in order, with its environment variable and default', () => {
  const declared = Object.entries<OptionDeclaration<unknown>>(OPTIONS).map(
    ([name, { env, default: byDefault }]) => ({
      option: name,
      environment: env ?? '–',
      default: String(byDefault ?? 'none'),
    }),
  );
  expect(optionRows()).toEqual(declared);
});

function optionRows() {
  const table = readme.match(/^\| option +\|.*\n\|[-| ]+\n((?:\|.*\n)+)/m)?.[1] ?? '';
  return table
    .trim()
    .split('\n')
    .map((row) => {
      const [, option, environment, byDefault] = row.split('|').map(plain);
      return { option, environment, default: byDefault };
    });
}

function plain(cell: string): string {
  return cell.trim().replaceAll('`', '');
}

/** Targets of relative links, without fragments. */
function linksOf(page: string): string[] {
  const prose = read(page).replace(/```.*?```/gs, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target.replace(/#.*/, ''))
    .filter((target) => target !== '' && !/^[a-z]+:/.test(target));
}

function pagesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder))
    .filter((name) => name !== 'node_modules')
    .map((name) => join(folder, name))
    .flatMap((path) => (statSync(join(ROOT, path)).isDirectory() ? pagesBelow(path) : [path]))
    .filter((path) => path.endsWith('.md'));
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

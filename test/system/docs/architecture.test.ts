import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import biome from '../../../biome.json' with { type: 'json' };
import { ROOT } from '../../support/child-process.js';
import { sorted } from '../../support/sorted.js';
import { linksOf, read } from './pages.js';

const PAGE = 'docs/architecture.md';
const page = read(PAGE);

/** The first column of the table under a heading, without markup. */
function firstColumn(heading: string): string[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^\| (?:\[|`)([^\]`]+)/gm)].map(([, cell = '']) => cell);
}

/** A folder of the page, as biome.json would name its files. */
const folderOf = (include: string) => include.replace(/\*\*$/, '');

test('the boundaries on the page are the folders that biome.json has import rules for', () => {
  const enforced = biome.overrides
    .filter(({ linter }) => JSON.stringify(linter).includes('noRestrictedImports'))
    .flatMap(({ includes }) => includes.map(folderOf));
  expect(sorted(new Set(firstColumn('Boundaries')))).toEqual(sorted(new Set(enforced)));
});

test('the page has a line for each folder of src', () => {
  const folders = readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(
      (entry) => `${join(entry.parentPath, entry.name).slice(ROOT.length).replaceAll('\\', '/')}/`,
    )
    .map((folder) => folder.replace(/^\//, ''));
  const described = firstColumn('Folders');
  expect(folders.filter((folder) => !described.includes(folder))).toEqual([]);
});

test('every file and folder that the page names exists', () => {
  const spelled = [...page.matchAll(/`((?:src|test|tools|scripts|docs)\/[^`\s]*|biome\.json)`/g)];
  const paths = [
    ...spelled.map(([, path = '']) => path),
    ...linksOf(PAGE).map((target) => join(dirname(PAGE), target.replace(/#.*/, ''))),
  ];
  expect(paths.length).toBeGreaterThan(80);
  expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

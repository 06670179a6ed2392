import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../../support/child-process.js';
import { firstColumn, linksOf, read } from './pages.js';

const PAGE = 'docs/architecture.md';
const page = read(PAGE);

test('the page has a line for each folder of src', () => {
  const folders = readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(
      (entry) => `${join(entry.parentPath, entry.name).slice(ROOT.length).replaceAll('\\', '/')}/`,
    )
    .map((folder) => folder.replace(/^\//, ''));
  const described = firstColumn(PAGE, 'Folders');
  expect(folders.filter((folder) => !described.includes(folder))).toEqual([]);
});

test('every file and folder that the page names exists', () => {
  const spelled = [...page.matchAll(/`((?:src|test|tools|scripts|docs)\/[^`\s]*|biome\.json)`/g)];
  const paths = [
    ...spelled.map(([, path = '']) => path),
    ...linksOf(PAGE).map((target) => join(dirname(PAGE), target.replace(/#.*/, ''))),
  ];
  expect(paths).not.toEqual([]);
  expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

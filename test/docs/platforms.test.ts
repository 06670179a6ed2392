import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../support/child-process.js';
import { codeIn, read, rowsWith } from './pages.js';

interface Platforms {
  readonly LACKING: Readonly<Record<string, readonly [string, string]>>;
  platformsOf(page: string): string;
  renderPlatforms(tests: readonly { file: string; needs: readonly string[] }[]): string;
}

const { LACKING, platformsOf, renderPlatforms } = (await import(
  `${ROOT}scripts/matrix/platforms.mjs`
)) as Platforms;
const page = 'docs/compatibility.md';
const rows = rowsWith(page, 'tests in');

test('the page names test files that exist, a row for each thing that a platform lacks', () => {
  expect(rows.map(({ platform, lacks }) => [platform, lacks])).toEqual(Object.values(LACKING));
  const files = rows.flatMap((row) => codeIn(row['tests in'] ?? ''));
  expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
});

test.each(Object.keys(LACKING))('files that ask for %s are in its row', (need) => {
  const row = rows[Object.keys(LACKING).indexOf(need)];
  const files = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
    .map((path) => `test/${path.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.test.ts') && read(path).includes(`requires('${need}')`));
  expect(codeIn(row?.['tests in'] ?? '')).toEqual(expect.arrayContaining(files));
});

test('the section of a page is what was written there', () => {
  const section = renderPlatforms([{ file: 'test/a.test.ts', needs: ['signals', 'redis'] }]);
  expect(platformsOf(`# Page\n\n${section}\n\n## Remarks\n\n1. One.\n`)).toBe(section);
});

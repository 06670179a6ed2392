import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../../support/child-process.js';
import { codeIn, read, rowsWith } from './pages.js';

interface Platforms {
  platformsOf(page: string): string;
  renderPlatforms(tests: readonly { file: string; needs: readonly string[] }[]): string;
}

const { platformsOf, renderPlatforms } = (await import(
  `${ROOT}tools/matrix/platforms.mjs`
)) as Platforms;
const PAGE = 'docs/compatibility.md';
const rows = rowsWith(PAGE, 'tests in');

/** What test files ask for by themselves, rather than by what they use. */
const direct = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  .map((path) => `test/${path.replaceAll('\\', '/')}`)
  .filter((path) => path.endsWith('.test.ts'))
  .map((file) => ({
    file,
    needs: [...read(file).matchAll(/requires\('([^']+)'\)/g)].map(([, need = '']) => need),
  }));

test('the page has the rows that are written there, with test files that exist', () => {
  const text = (section: string) => section.replaceAll(/\| (?:`test\/[^|]*)? ?\|$/gm, '|');
  expect(text(platformsOf(read(PAGE)))).toBe(text(renderPlatforms(direct)));
  const files = rows.flatMap((row) => codeIn(row['tests in'] ?? ''));
  expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
});

test.each(direct.filter(({ needs }) => needs.length > 0))(
  '$file is in the rows of what it asks for',
  (entry) => {
    const line = renderPlatforms([entry]).split('\n');
    const lacking = line
      .filter((each) => each.includes(entry.file))
      .map((each) => each.split('|')[2]);
    const listed = rows.filter((row) => row['tests in']?.includes(entry.file));
    expect(listed.map(({ lacks }) => lacks)).toEqual(
      expect.arrayContaining(lacking.map((text) => text?.trim())),
    );
  },
);

test('the section of a page is what was written there', () => {
  const section = renderPlatforms([{ file: 'test/a.test.ts', needs: ['signals', 'redis'] }]);
  expect(platformsOf(`# Page\n\n${section}\n\n## Remarks\n\n1. One.\n`)).toBe(section);
});

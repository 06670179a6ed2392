import { expect, test } from 'vitest';
import { codeBlocksOf, PAGES, read } from './pages.js';

const pages = PAGES.filter((page) => page.startsWith('docs/'));
// A block that names its source runs there, in a test or in the matrix. The type checker (`code.long.test.ts`) reads the others.
const sourced = ['README.md', ...pages]
  .flatMap(codeBlocksOf)
  .flatMap(({ source, ...block }) => (source === undefined ? [] : [{ ...block, source }]));

test.each(sourced)('$page: the code that begins `$firstLine` stands in $source', (block) => {
  expect(isExcerpt(block.code, read(block.source))).toBe(true);
});

const IMPORTS =
  /^\s*(?:import\s|(?:const|let)\s+[^=;]+?\s+=\s+(?:await\s+import|require|createRequire)\(|require\()/;

/** Whether the paragraphs of a block stand in this order in its source. It may import less than its source does. */
function isExcerpt(code: string, source: string): boolean {
  let at = 0;
  for (const paragraph of code.trim().split(/\n\n+/)) {
    if (paragraph.split('\n').every((line) => IMPORTS.test(line))) continue;
    const found = source.indexOf(paragraph, at);
    if (found < 0) return false;
    at = found + paragraph.length;
  }
  return true;
}

import { expect, test } from 'vitest';
import { codeBlocksOf, PAGES, read } from './pages.js';
import {
  earlierCode,
  importsIn,
  installedBy,
  isExcerpt,
  missingImports,
  packageOf,
} from './snippets.js';

const pages = PAGES.filter((page) => page.startsWith('docs/'));
const allBlocks = ['README.md', ...pages].flatMap(codeBlocksOf);
// A block that names its source runs there, in a test or in the matrix.
const sourced = allBlocks.filter(({ source }) => source !== undefined);

test.each(sourced)('$page: the code that begins `$firstLine` stands in $source', (block) => {
  expect(isExcerpt(block.code, read(block.source as string))).toBe(true);
});

// The type checker (`code.long.test.ts`) finds missing imports of the other blocks.
test.each(sourced)('$page: the code that begins `$firstLine` shows its imports', (block) => {
  const source = read(block.source as string);
  expect(missingImports(block.code, source, earlierCode(block, allBlocks))).toEqual([]);
});

test.each(['README.md', ...pages])('%s: `npm install` names what its code imports', (page) => {
  const imported = codeBlocksOf(page).flatMap(({ code }) => importsIn(code));
  const packages = new Set(
    imported.filter(({ from }) => !/^(?:node:|\.)/.test(from)).map(({ from }) => packageOf(from)),
  );
  expect([...packages].filter((name) => !installedBy(read(page)).includes(name))).toEqual([]);
});

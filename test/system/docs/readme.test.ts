import { expect, test } from 'vitest';
import { codeBlocksOf, read } from './pages.js';

const codeBlocks = codeBlocksOf('README.md');

test('the README shows code', () => {
  expect(codeBlocks.length).toBeGreaterThan(1);
});

test.each(codeBlocks)(
  'the code of the README that begins `$firstLine` runs in an example',
  ({ source, code }) => {
    expect(source).toMatch(/^examples\//);
    expect(read(source as string)).toContain(code);
  },
);

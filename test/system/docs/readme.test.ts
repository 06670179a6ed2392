import { expect, test } from 'vitest';
import { codeBlocksOf } from './pages.js';

const codeBlocks = codeBlocksOf('README.md');

test('the README shows code', () => {
  expect(codeBlocks.length).toBeGreaterThan(1);
});

test.each(codeBlocks)(
  'the code of the README that begins `$firstLine` is from an example',
  ({ source }) => {
    expect(source).toMatch(/^examples\//);
  },
);

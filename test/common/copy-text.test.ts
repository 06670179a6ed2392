import { expect, test } from 'vitest';
import { copyKey, copyText } from '../../src/common/copy-text.js';
import { keptBytes, PARTS_BYTES } from '../support/kept-bytes.js';

test.for([
  '',
  'a',
  'ascii',
  'größer',
  '中文',
  '😀',
  '\ud800',
  'a\udc00b',
  '\ufffd',
  '\0',
  '\ufeffa',
])('a copy of %j is the same text', (text) => {
  expect(copyText(text)).toBe(text);
  expect(copyKey(text)).toBe(text);
});

test('what is no text is a copy of itself', () => {
  const key = {};
  expect(copyKey(key)).toBe(key);
  expect(copyKey(7)).toBe(7);
});

test.for(['', '\ud800'])(
  'a copy of a part that ends with %j does not keep the whole text',
  (end) => {
    const kept: string[] = [];
    expect(keptBytes((_, text) => kept.push(copyText(`${text}${end}`.slice(-30))))).toBeLessThan(
      PARTS_BYTES / 4,
    );
    expect(kept.every((text) => text.endsWith(end))).toBe(true);
  },
);

test('a part that is not copied keeps the whole text', () => {
  const kept: string[] = [];
  expect(keptBytes((part) => kept.push(part))).toBeGreaterThan(PARTS_BYTES / 2);
  expect(kept).not.toHaveLength(0);
});

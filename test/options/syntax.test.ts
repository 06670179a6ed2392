import { expect, test } from 'vitest';
import { listFromText, patternsFromText, wordOrListFromText } from '../../src/options/syntax.js';
import { words } from '../support/words.js';

test.each([
  ['[^/]+@[^/]+,[\\da-f]{8}', ['[^/]+@[^/]+', '[\\da-f]{8}']],
  ['\\(a,b\\{', ['\\(a', 'b\\{']],
  ['/\\d{6,}/,b', [/\d{6,}/, 'b']],
  ['^/api, /a,b\\/c/i ,/x[/,]/', ['^/api', /a,b\/c/i, /x[/,]/]],
  ['["\\\\d{6,}","/a{1,2}/i"]', ['\\d{6,}', /a{1,2}/i]],
  ['[ "a,b" ]', ['a,b']],
  ['[]', []],
  ['[a-z]', ['[a-z]']],
  ['/api/users,^/x', ['/api/users', '^/x']],
  ['/\\d+/edit', ['/\\d+/edit']],
])('%s is the list of patterns %o', (text, patterns) => {
  expect(patternsFromText(text)).toEqual(patterns);
});

test.each([
  '/a/i /b/i',
  '/a/i; /b/i',
  '/a/i;/b/i, c',
  ...words(String.raw`
  [^/]+@[^/]+,\b\d{6,}\b \d{6,} /\d{6,} /\d{6,}/x (a,b) /\d+/I /\d{2,3}/gI ["/a/x"] x,[a,b] ["a",5] ["a"
`),
])('%s is no list of patterns, because a part of it would have no effect', (text) => {
  expect(() => patternsFromText(text)).toThrow();
});

test('lists of other things may be JSON too', () => {
  expect(listFromText('["/a,b", "/c"]')).toEqual(['/a,b', '/c']);
  expect(listFromText('[]')).toEqual([]);
  expect(wordOrListFromText('["page"]')).toEqual(['page']);
  expect(wordOrListFromText('strip')).toBe('strip');
});

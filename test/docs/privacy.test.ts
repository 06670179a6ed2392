import { expect, test } from 'vitest';
import { maskAddress } from '../../src/hit/mask-address.js';
import { createToTrackedQuery } from '../../src/hit/query-policy.js';
import { codeIn, read, rowsWith } from './pages.js';

const PAGE = 'docs/privacy.md';

test('the page on privacy lists exactly the words that make a parameter a secret', () => {
  const source = read('src/hit/query-policy.ts');
  const declared = /SECRET_WORDS = new Set\(\[(.*?)\]\)/s.exec(source)?.[1] ?? '';
  const words = [...declared.matchAll(/'([^']+)'/g)].map(([, word]) => word);
  expect(words.length).toBeGreaterThan(10);
  const listed = /<!-- secret words -->(.*?)<!-- end -->/s.exec(read(PAGE))?.[1] ?? '';
  expect(codeIn(listed)).toEqual(words);
});

test.each([
  ['access_token', 'redacted'],
  ['X-Api-Key', 'redacted'],
  ['sessionId', 'redacted'],
  ['authors', '1'],
  ['keyring', '1'],
  ['customer', '1'],
])('the value of the parameter %s is sent as %s', (name, expected) => {
  const toTrackedQuery = createToTrackedQuery({ query: 'redact', siteSearch: false });
  expect(toTrackedQuery(`${name}=1`)).toBe(`${name}=${expected}`);
});

test.each(rowsWith(PAGE, '`anonymizeIp`'))('addresses are masked as the page says', (row) => {
  const { '`anonymizeIp`': bytes, ...masked } = row;
  for (const [address, expected] of Object.entries(masked)) {
    expect(maskAddress(address, Number(bytes))).toBe(expected);
  }
});

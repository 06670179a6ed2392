import { expect, test } from 'vitest';
import { readPart } from '../../../src/hit/hit-text.js';
import { createToPageUrl, type PageUrlOptions } from '../../../src/hit/page/page-url.js';
import { words } from '../../support/words.js';

function toPageUrl(
  {
    path,
    ...request
  }: Parameters<ReturnType<typeof createToPageUrl>>[0] & { readonly path: string },
  options: Partial<PageUrlOptions>,
): string {
  const url = createToPageUrl({ query: 'redact', siteSearch: false, ...options })(request, path);
  const value = readPart(url) as string;
  expect(decodeURIComponent(url)).toBe(`&url=${value}`);
  return value;
}

const plain = { scheme: 'https', host: 'shop.example.org', path: '/a', query: undefined };

test.each([
  [{ query: 'x=1&y=%20b' }, 'https://shop.example.org/a?x=1&y=%20b'],
  [{ query: '' }, 'https://shop.example.org/a'],
  [{ host: '[::1]:3000' }, 'https://[::1]:3000/a'],
  [{ host: 'user:pw@evil.example' }, 'https://localhost/a'],
  [{ host: 'evil.example/x?y=' }, 'https://localhost/a'],
  [{ host: undefined }, 'https://localhost/a'],
  [{ path: '/a b/"<ü>#q=x' }, 'https://shop.example.org/a%20b/%22%3C%C3%BC%3E%23q=x'],
  [{ path: '/a%2Fb' }, 'https://shop.example.org/a%2Fb'],
  [{ path: '/\ud800' }, 'https://shop.example.org/%EF%BF%BD'],
])('%o gives %s', (overrides, url) => {
  expect(toPageUrl({ ...plain, ...overrides }, {})).toBe(url);
});

test('baseUrl takes the place of scheme and host and keeps its path in front', () => {
  expect(toPageUrl(plain, { baseUrl: 'http://api.example/v1' })).toBe('http://api.example/v1/a');
});

test.each([
  ['q=shoes&page=2', 'page=2'],
  ['Keyword=K1&x=1', 'x=1'],
  ['q[]=shoes&x=1', 'x=1'],
  ['%71=shoes', ''],
  ['search_term=a', 'search_term=a'],
])(
  'of the query %s only %s stays, because Matomo takes the rest for a site search',
  (query, kept) => {
    const url = toPageUrl({ ...plain, query }, {});
    expect(url).toBe(
      kept === '' ? 'https://shop.example.org/a' : `https://shop.example.org/a?${kept}`,
    );
  },
);

test('a search in a matrix parameter of the path is removed too', () => {
  expect(toPageUrl({ ...plain, path: '/find;q=x;a=1' }, {})).toBe(
    'https://shop.example.org/find;a=1',
  );
});

test.each(
  words(`
  token access_token X-Api-Key apiKey sessionId PHPSESSID password sig code clientSecret jwt
  user.email key
`),
)('the value of %s is redacted', (name) => {
  const url = toPageUrl({ ...plain, query: `${name}=s3cret&x=1` }, {});
  expect(url).toBe(`https://shop.example.org/a?${name}=redacted&x=1`);
});

test.each(['authors', 'keyring', 'customer', 'codec', 'passage', 'tokenizer', 'sidebar'])(
  'the value of %s stays',
  (name) => {
    expect(toPageUrl({ ...plain, query: `${name}=1` }, {})).toContain(`${name}=1`);
  },
);

test.each(['to=ann%40example.org', 'x=eyJhbGciOiJIUzI1NiJ9.e30.x', 'ann@example.org'])(
  '%s gives nothing away',
  (query) => {
    const url = toPageUrl({ ...plain, query }, {});
    expect(url).toContain('redacted');
    expect(url).not.toMatch(/ann|eyJ/);
  },
);

test('a long URL is cut at a whole query parameter, and a long path at a whole byte, within 1,024 bytes', () => {
  const long = toPageUrl({ ...plain, query: `a=${'x'.repeat(900)}&b=${'y'.repeat(900)}` }, {});
  expect(long).toMatch(/\?a=x{900}$/);
  const path = toPageUrl({ ...plain, path: `/${'ü'.repeat(600)}`, query: 'a=1' }, {});
  expect(path.length).toBeLessThanOrEqual(1024);
  expect(() => decodeURI(path.replace(/(%[\dA-F]{2})$/, ''))).not.toThrow();
  expect(path).not.toMatch(/%[\dA-F]?$/);
});

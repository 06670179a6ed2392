import { expect, test } from 'vitest';
import { createRedactPath } from '../../../src/hit/page/redact-path.js';
import { httpRequest, parametersOf } from '../../support/builders.js';

test('what matches in a path is redacted, everywhere and again for the next request', () => {
  const redact = createRedactPath([/[^/]+@[^/]+/, /\d{6,}/g]);
  for (let i = 0; i < 2; i++) {
    expect(redact('/u/ann@example.org/o/1234567/x/7654321')).toBe(
      '/u/redacted/o/redacted/x/redacted',
    );
  }
  expect(createRedactPath([/.*/])('/a')).toMatch(/^\//);
});

test('a redacted path is so in the URL and in the title', () => {
  const { parameters } = parametersOf(
    httpRequest({ path: '/u/ann@example.org', route: undefined }),
    { redactPathPatterns: [/[^/]+@[^/]+/] },
  );
  expect(JSON.stringify(parameters)).not.toContain('ann');
  expect(parameters).toMatchObject({
    url: 'https://shop.example.org/u/redacted',
    action_name: 'GET /u/redacted',
  });
});

test.each([
  ['/b/max%40example.org/x', '/b/redacted/x'],
  ['/b/m%C3%BCller@example.org/x', '/b/redacted/x'],
  ['/d/%31%32%33%34%35%36/x', '/d/redacted/x'],
  ['/d/a123456b/b%20c', '/d/aredactedb/b%20c'],
  ['/d/a123456b%20c', '/d/redacted'],
  ['/iban/DE89%203704%200044/x', '/iban/redacted/x'],
  ['/f/a%2Fb@c/x', '/f/redacted/x'],
  ['/over/%C3%A9e/x', '/redacted/redacted/x'],
  ['/a%20b/c+d', '/a%20b/c+d'],
])('of %s, with escapes or without, %s is sent', (path, sent) => {
  const patterns = [/[^/]+@[^/]+/, /\d{6,}/, /[A-Z]{2}\d{2} \d+ \d+/, /ver\/é/];
  expect(createRedactPath(patterns)(path)).toBe(sent);
  const { parameters } = parametersOf(
    httpRequest({ path: '/', referrer: `https://ref.example${path}` }),
    { redactPathPatterns: patterns },
  );
  expect(parameters.urlref).toBe(`https://ref.example${sent}`);
});

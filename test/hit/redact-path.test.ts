import { expect, test } from 'vitest';
import { createRedactPath } from '../../src/hit/redact-path.js';
import { httpRequest, parametersOf } from '../support/builders.js';

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

import { expect, test } from 'vitest';
import {
  contentFormatOf,
  productOf,
  saysDeprecated,
} from '../../../src/hit/parameters/derived-attributes.js';
import { httpRequest, parametersOf } from '../../support/builders.js';

test.each([
  ['python-requests/2.32.3', 'python-requests', '2.32.3'],
  ['okhttp/4.12.0 (Android)', 'okhttp', '4.12.0'],
  ['Go-http-client/1.1', 'Go-http-client', '1.1'],
  ['acme-backend', 'acme-backend', undefined],
  [`${'a'.repeat(80)}/${'1'.repeat(40)}`, 'a'.repeat(64), '1'.repeat(20)],
  ['ann@example.org/1', 'ann', undefined],
])('the product of %s', (userAgent, name, version) => {
  expect(productOf(userAgent)).toEqual({ name, version });
});

test.each([
  undefined,
  '',
  '-',
  '12/3',
  '(comment)',
  'Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0',
  ' mozilla/4.0',
])('%s has no product', (userAgent) => {
  expect(productOf(userAgent)).toBeUndefined();
});

test.each([
  ['text/html; charset=utf-8', '/', 200, 'html'],
  ['text/markdown', '/a', 200, 'markdown'],
  ['text/plain', '/a.md', 200, 'markdown'],
  ['text/plain', '/llms.txt', 200, 'llms.txt'],
  ['text/markdown', '/docs/llms-full.txt', 200, 'llms.txt'],
  ['text/plain', '/llms.txt', 404, 'text'],
  ['text/html', '/llms.txt', 200, 'html'],
  ['application/json', '/a', 500, 'json'],
  ['application/problem+json', '/a', 400, 'json'],
  ['application/PDF', '/a', 200, 'pdf'],
  ['application/octet-stream', '/a', 200, 'binary'],
  ['x/y', '/a', 200, 'other'],
  ['', '/a.md', 200, undefined],
  [undefined, '/a.md', 304, undefined],
] as const)('the format of %s at %s with %i is %s', (type, path, status, format) => {
  expect(contentFormatOf(type, path, status)).toBe(format);
});

test.each([
  ['@1688169599', undefined, true],
  ['true', undefined, true],
  [undefined, 'Sat, 31 Dec 2026 23:59:59 GMT', true],
  ['?0', undefined, false],
  ['False', undefined, false],
  [undefined, undefined, false],
])('Deprecation: %s and Sunset: %s', (deprecation, sunset, isDeprecated) => {
  expect(saysDeprecated(deprecation, sunset)).toBe(isDeprecated);
});

test.each([
  [{ isDeprecated: true }, [], 'GET /users/:id'],
  [{}, [/^\/users\//], 'GET /users/:id'],
  [{ route: 'users/:id' }, [/^\/users\//], 'GET users/:id'],
  [{ statusCode: 500 }, [/^\/users\//], 'GET /users/:id'],
  [{ isDeprecated: true, route: undefined, path: '/a/s3cret' }, [], 'GET /a/redacted'],
  [{ isDeprecated: true, route: undefined, statusCode: 404 }, [], undefined],
  [{ route: undefined }, [/users/], undefined],
  [{}, [/^\/v1\//], undefined],
  [{ isDeprecated: false }, [], undefined],
])('the deprecated endpoint of %o with %o is %s', (overrides, deprecated, endpoint) => {
  const { parameters } = parametersOf(httpRequest(overrides), {
    dimensions: { 3: 'matomo.deprecated_endpoint' },
    deprecated,
    redactPathPatterns: [/s3cret/],
  });
  expect(parameters.dimension3).toBe(endpoint);
});

import { expect, test } from 'vitest';
import { httpRequest, parametersOf } from '../../support/builders.js';

test('dimensions of request facts are the hit’s own: status 499, a route that came late, nothing unmasked or unredacted', () => {
  const { parameters } = parametersOf(
    httpRequest({ statusCode: 499, query: 'token=abc&x=1', path: '/users/42' }),
    {
      anonymizeIp: 2,
      dimensions: {
        1: 'http.status_code',
        2: 'http.request.method',
        3: 'http.route',
        4: 'url.query',
        5: 'client.address',
        6: 'http.target',
        7: 'constructor',
      },
    },
  );
  expect(parameters).toMatchObject({
    dimension1: '499',
    dimension2: 'GET',
    dimension3: '/users/:id',
    dimension4: 'token=redacted&x=1',
    dimension5: '192.0.0.0',
    dimension6: '/users/42?token=redacted&x=1',
  });
  expect(parameters).not.toHaveProperty('dimension7');
});

test.each([
  [{ statusCode: 500 }, '5xx GET /users/:id'],
  [{ statusCode: 400, method: 'POST' }, '4xx POST /users/:id'],
  [{ statusCode: 499 }, '4xx GET /users/:id'],
  [{ statusCode: 404, route: undefined }, '4xx GET Not Found'],
  [{ statusCode: 503, route: undefined, path: '/a/s3cret' }, '5xx GET /a/redacted'],
  [{ statusCode: 399 }, undefined],
  [{ statusCode: 200 }, undefined],
])('the failed endpoint of %o is %s', (overrides, endpoint) => {
  const { parameters, reports } = parametersOf(httpRequest(overrides), {
    dimensions: { 4: 'matomo.failed_endpoint' },
    redactPathPatterns: [/s3cret/],
  });
  expect(parameters.dimension4).toBe(endpoint);
  expect(reports).toEqual([]);
});

test('a second question mark is a part of the query', () => {
  const { parameters } = parametersOf(httpRequest({ path: '/a', query: 'next=/b?c=1&d=2' }), {
    dimensions: { 1: 'url.query', 2: 'http.target', 3: 'url.full' },
  });
  expect(parameters).toMatchObject({
    dimension1: 'next=/b?c=1&d=2',
    dimension2: '/a?next=/b?c=1&d=2',
    dimension3: 'https://shop.example.org/a?next=/b?c=1&d=2',
  });
});

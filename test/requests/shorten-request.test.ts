import { expect, test } from 'vitest';
import { shortenRequest } from '../../src/requests/request.js';
import { httpRequest } from '../support/builders.js';

test('a request with a short target stays as it is', () => {
  const request = httpRequest({ path: '/a'.repeat(256), query: 'b=1&'.repeat(128) });
  expect(shortenRequest(request)).toBe(request);
});

const LONG: [string, string, string | undefined, string, string | undefined][] = [
  ['a long query', '/a/b', 'x=1&'.repeat(300), '/a/b', `${'x=1&'.repeat(255)}x=1`],
  ['one long parameter', '/a/b', `token=${'s'.repeat(2000)}`, '/a/b', undefined],
  ['a long path', '/ab'.repeat(400), undefined, `${'/ab'.repeat(341)}/`, undefined],
  ['one long segment', `/${'s'.repeat(2000)}`, 'x=1', '/', 'x=1'],
  ['a path without a slash', 's'.repeat(2000), undefined, '/', undefined],
];

test.each(LONG)('%s is cut between segments and parameters', (...given) => {
  const [, path, query, keptPath, keptQuery] = given;
  const request = httpRequest({ path, query, userAgent: 'curl/8.5.0' });
  const kept = shortenRequest(request);
  expect(kept).toEqual({ ...request, path: keptPath, query: keptQuery });
});

test('a long referrer is left out', () => {
  const request = httpRequest({ referrer: `https://shop.example/${'r'.repeat(2000)}` });
  expect(shortenRequest(request)).toEqual({ ...request, referrer: undefined });
});

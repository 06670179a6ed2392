import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createToTrackedQuery, type QueryPolicyOptions } from '../../../src/hit/page/page-url.js';
import { sampled } from '../../support/long.js';
import { seededRuns } from '../../support/seed.js';

test.each<[Partial<QueryPolicyOptions>, string]>([
  [{ query: 'keep' }, 'token=abc&x=1&b[]=2'],
  [{ query: 'redact' }, 'token=redacted&x=1&b[]=2'],
  [{ query: 'strip' }, ''],
  [{ query: ['x', 'b', 'token'] }, 'token=abc&x=1&b[]=2'],
  [{ query: [] }, ''],
  [{ query: 'keep', siteSearch: true }, 'q=shoes&token=abc&x=1&b[]=2'],
])('with %o a query keeps %s', (options, kept) => {
  const toTrackedQuery = createToTrackedQuery({ query: 'redact', siteSearch: false, ...options });
  expect(toTrackedQuery('q=shoes&token=abc&x=1&b[]=2')).toBe(kept);
});

test.each([
  ['x=1&a=2;b=3&c=4', 'x=1;b=3&c=4'],
  ['a=2;b=3', 'b=3'],
  ['a=2;continued&b=3', 'b=3'],
  ['b=3&continued', 'b=3'],
  ['b=3;continued&a=2;a=3', 'b=3;continued'],
])('of pairs that are separated by ; and &, %s keeps %s', (given, kept) => {
  const toTrackedQuery = createToTrackedQuery({ query: ['x', 'b', 'c'], siteSearch: false });
  expect(toTrackedQuery(given)).toBe(kept);
});

test.each([
  ['redact', `_rsc=1xyz&${'a=1&'.repeat(255)}b=last&z=end`, 'b=last'],
  ['keep', `_rsc=1xyz&${'a=1&'.repeat(255)}b=last&z=end`, 'b=last'],
  [['b', '_rsc'], `_rsc=1xyz&${'a=1&'.repeat(999)}b=last&z=end`, 'b=last'],
] as const)(
  'with %j, no parameter after the first 1,024 characters is sent, and no _rsc',
  (query, given, end) => {
    const tracked = createToTrackedQuery({ query, siteSearch: false })(given);
    expect(tracked.endsWith(end)).toBe(true);
    expect(tracked).not.toContain('_rsc');
  },
);

const RUNS = sampled(500, 5000);
const redact = createToTrackedQuery({ query: 'redact', siteSearch: true });

test('a plain value is kept or redacted as the same value that has to be decoded', () => {
  const plain = fc.oneof(
    fc.stringMatching(/^[\w~-]{1,30}$/),
    fc.constantFrom('token', 'eyJhbGciOiJI', 'password', 'user-at-example'),
  );
  fc.assert(
    fc.property(fc.constantFrom('page', 'color', 'token', 'q'), plain, (name, value) => {
      const code = value.charCodeAt(0).toString(16).padStart(2, '0');
      const escaped = `${name}=%${code}${value.slice(1)}`;
      const isKept = redact(escaped) === escaped;
      expect(redact(`${name}=${value}`)).toBe(isKept ? `${name}=${value}` : `${name}=redacted`);
    }),
    seededRuns(RUNS),
  );
});

test('a query is tracked as each of its parts', () => {
  const part = fc.array(fc.constantFrom('token', 'a', 'page', '=', '1', '@b.c', '%3D', 'é'), {
    maxLength: 5,
  });
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
      const query = parts.map((pieces) => pieces.join('')).join('&');
      const tracked = query.split('&').map((text) => redact(text));
      expect(redact(query)).toBe(tracked.join('&'));
    }),
    seededRuns(RUNS),
  );
});

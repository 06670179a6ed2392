import { expect, test } from 'vitest';
import { createToTrackedQuery, type QueryPolicyOptions } from '../../src/hit/query-policy.js';

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

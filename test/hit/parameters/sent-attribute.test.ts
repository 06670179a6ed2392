import { expect, test } from 'vitest';
import { createToSentAttribute } from '../../../src/hit/parameters/sent-attribute.js';
import { HIT_OPTIONS } from '../../support/builders.js';

const X_FORWARDED_FOR = 'http.request.header.x-forwarded-for';

test.each([
  [X_FORWARDED_FOR, '198.51.100.7, 2001:db8:1:2:3::4', '198.51.0.0, 2001:db8:1::'],
  ['http.request.header.x_real_ip', '198.51.100.7:4711', '198.51.0.0'],
  [
    'http.request.header.forwarded',
    'for="[2001:db8:1:2::4]:8";by=10.1.2.3',
    'for=2001:db8:1::;by=10.1.0.0',
  ],
  ['client.address', '198.51.100.7', '198.51.0.0'],
  ['enduser.id', '::ffff:198.51.100.7', '198.51.0.0'],
  [
    'http.request.header.user-agent',
    'Mozilla/5.0 Chrome/120.0.0.0',
    'Mozilla/5.0 Chrome/120.0.0.0',
  ],
  ['http.request.header.x-app-version', '2.14.1', '2.14.1'],
  ['enduser.id', 'customer:7', 'customer:7'],
] as const)('with anonymizeIp: 2, %s: %s is sent as %s', (name, value, sent) => {
  expect(createToSentAttribute({ ...HIT_OPTIONS, anonymizeIp: 2 })(name, value)).toBe(sent);
});

test.each([
  ['http.request.header.x-original-url', '/a/max%40example.org?token=x&b=1', '/a/redacted'],
  [
    'http.response.header.location',
    'https://u:p@a.example/max@example.org?b=1#c',
    'https://a.example/redacted',
  ],
] as const)('with query: "strip" and patterns, %s: %s is sent as %s', (name, value, sent) => {
  const options = { ...HIT_OPTIONS, query: 'strip', redactPathPatterns: [/[^/]+@[^/]+/] } as const;
  expect(createToSentAttribute(options)(name, value)).toBe(sent);
});

test.each([
  ['TypeError', 'TypeError'],
  ['java.io.IOException', 'java.io.IOException'],
  ['std::vector<int*>', 'std::vector<int*>'],
  ['No user max@example.org', '_OTHER'],
  ['x'.repeat(101), '_OTHER'],
])('a dimension of error.type %s is sent as %s', (type, sent) => {
  expect(createToSentAttribute(HIT_OPTIONS)('error.type', type)).toBe(sent);
});

test.each([
  ['http.response.header.location', 'users?token=abc', 'users?token=redacted'],
  ['http.response.header.link', '</a?token=abc>; rel="next"', '</a?token=redacted'],
  ['http.request.header.x-original-uri', 'a?password=abc&b=1', 'a?password=redacted&b=1'],
  ['http.request.header.x-note', 'see https://u:p@a.test/?token=abc', /^(?!.*(?:abc|u:p))/],
  ['http.request.header.x-note', 'Bearer abc', 'redacted'],
  ['http.request.header.x-note', 'my eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.c2ln', 'redacted'],
  ['http.request.header.x-app-version', '2.1 beta', '2.1 beta'],
] as const)('of a header, %s: %s is sent as %s', (name, value, sent) => {
  expect(createToSentAttribute(HIT_OPTIONS)(name, value)).toMatch(
    typeof sent === 'string' ? new RegExp(`^${escaped(sent)}`) : sent,
  );
});

function escaped(text: string): string {
  return text.replace(/[^\w\s]/g, '\\$&');
}

import { expect, test } from 'vitest';
import {
  contentFormatOf,
  createToSentAttribute,
  productOf,
  saysDeprecated,
} from '../../../src/hit/parameters/attributes.js';
import { HIT_OPTIONS, httpRequest, parametersOf } from '../../support/builders.js';

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

test('of a long route, patterns of deprecated endpoints see the beginning', () => {
  const { parameters } = parametersOf(httpRequest({ route: `/${'a'.repeat(3000)}z` }), {
    dimensions: { 3: 'matomo.deprecated_endpoint' },
    deprecated: [/z$/],
  });
  expect(parameters).not.toHaveProperty('dimension3');
});

const X_FORWARDED_FOR = 'http.request.header.x-forwarded-for';

test.each([
  [X_FORWARDED_FOR, '198.51.100.7, 2001:db8:1:2:3::4', '198.51.0.0, 2001:db8:1::'],
  ['http.request.header.x_real_ip', '198.51.100.7:4711', '198.51.0.0'],
  [
    'http.request.header.forwarded',
    'for="[2001:db8:1:2::4]:8";by=10.1.2.3',
    'for=2001:db8:1::;by=10.1.0.0',
  ],
  ['http.request.header.via', '1.1 proxy (198.51.100.7)', '1.1 proxy (198.51.0.0)'],
  ['http.request.header.x-hops', 'a|198.51.100.7|b', 'a|198.51.0.0|b'],
  [X_FORWARDED_FOR, '0198.51.100.7', '198.51.0.0'],
  [X_FORWARDED_FOR, '198.051.100.007, 00198.51.100.7:80', '198.51.0.0, 198.51.0.0'],
  ['http.request.header.x-custom', 'from 198.0051.100.7.', 'from 198.51.0.0.'],
  ['enduser.id', '::ffff:0198.51.100.7', '198.51.0.0'],
  [X_FORWARDED_FOR, 'a?b=c, 198.51.100.7', 'a?b=c, 198.51.0.0'],
  [X_FORWARDED_FOR, '198.51.100.7, https://x.example/', '198.51.0.0, https://x.example/'],
  [X_FORWARDED_FOR, 'for=198.51.100.7;by="https://x"', 'for=198.51.0.0;by="https://x"'],
  [X_FORWARDED_FOR, '{"ip":"198.51.100.7"}', '{"ip":"198.51.0.0"}'],
  [X_FORWARDED_FOR, '<198.51.100.7>&2001:db8:1:2::4\\', '<198.51.0.0>&2001:db8:1::\\'],
  [X_FORWARDED_FOR, 'ip:198.51.100.7', 'ip:198.51.0.0'],
  [X_FORWARDED_FOR, '10.1.2.3->198.51.100.7', '10.1.0.0->198.51.0.0'],
  [X_FORWARDED_FOR, 'cafe:198.51.100.7', 'cafe:198.51.0.0'],
  [X_FORWARDED_FOR, 'ip:2001:db8:1:2::4:', 'ip:2001:db8:1:::'],
  [X_FORWARDED_FOR, 'from 198.51.100.7.', 'from 198.51.0.0.'],
  [X_FORWARDED_FOR, '..198.51.100.7...', '..198.51.0.0...'],
  [X_FORWARDED_FOR, '198.51.100.7.example.org', '198.51.0.0.example.org'],
  [X_FORWARDED_FOR, '198.51.100.7:80.', '198.51.0.0.'],
  [X_FORWARDED_FOR, '::ffff:198.51.100.7.', '198.51.0.0.'],
  [X_FORWARDED_FOR, 'from 2001:db8:1:2::4.', 'from 2001:db8:1::.'],
  [X_FORWARDED_FOR, '.2001:db8:1:2::4.example.org', '.2001:db8:1::.example.org'],
  [X_FORWARDED_FOR, '[2001:db8:1:2::4.]', '[2001:db8:1::.]'],
  ['client.socket.address', '/198.51.100.7:54321', '/198.51.0.0'],
  ['client.socket.address', 'host/198.51.100.7', 'host/198.51.0.0'],
  ['client.socket.address', '198.51.100.7/32', '198.51.0.0/32'],
  ['client.address', '198.51.100.7', '198.51.0.0'],
  ['enduser.id', '::ffff:198.51.100.7', '198.51.0.0'],
  [
    'http.request.header.user-agent',
    'Mozilla/5.0 Chrome/120.0.0.0',
    'Mozilla/5.0 Chrome/120.0.0.0',
  ],
  ['http.request.header.x-app-version', '2.14.1', '2.14.1'],
  ['http.request.header.x-app-version', '2.14.1.7.3.', '2.14.1.7.3.'],
  ['http.request.header.x-time', '10:30:45.123', '10:30:45.123'],
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
  ['http.request.header.x-note', '\x85/token/abc1', '/token/redacted'],
  ['http.request.header.host', '\x85https://ann:s3cret@shop.example', 'https://shop.example'],
  ['http.request.header.x-note', 'Bearer abc', 'redacted'],
  ['http.request.header.x-note', 'my eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.c2ln', 'redacted'],
  ['http.request.header.x-app-version', '2.1 beta', '2.1 beta'],
  ['http.request.header.host', 'ann:s3cret@shop.example', 'shop.example'],
  ['http.request.header.x-forwarded-host', 'ann:s3cret@shop.example', 'shop.example'],
  ['server.address', 'ann:s3cret@shop.example', 'shop.example'],
  ['server.address', 'shop.example:80/token/s3cret', /^shop\.example:80$/],
  ['net.host.name', 'shop.example?token=s3cret', /^shop\.example$/],
  ['http.host', 'shop.example\\s3cret', /^shop\.example$/],
  [
    'http.request.header.x-forwarded-host',
    'https://shop.example/#s3cret',
    /^https:..shop\.example$/,
  ],
  ['app.owner', 'ann@shop.example', 'ann@shop.example'],
  ['app.plan', 'Basic plus', 'Basic plus'],
] as const)('of a header or an attribute, %s: %s is sent as %s', (name, value, sent) => {
  expect(createToSentAttribute(HIT_OPTIONS)(name, value)).toMatch(
    typeof sent === 'string' ? new RegExp(`^${escaped(sent)}`) : sent,
  );
});

function escaped(text: string): string {
  return text.replace(/[^\w\s]/g, '\\$&');
}

import { expect, test } from 'vitest';
import { createToOrigin, type OriginClaims } from '../../../src/hit/visitor/forwarded-origin.js';

const FORWARDED = {
  'x-forwarded-for': '198.51.100.7, 203.0.113.9, 10.0.0.2',
  'x-forwarded-host': 'shop.example.org, internal',
  'x-forwarded-proto': 'https, http',
};

function originOf(
  trustProxy: boolean | number | string[],
  overrides: { [header in keyof typeof FORWARDED]?: string | undefined } = {},
  options: { assumeHttps?: boolean; peerAddress?: string | undefined; host?: string } = {},
) {
  const headers: Record<string, string | undefined> = { ...FORWARDED, ...overrides };
  const claims: OriginClaims = {
    peerAddress: 'peerAddress' in options ? options.peerAddress : '10.0.0.1',
    host: options.host ?? 'internal:3000',
    scheme: 'http',
    headers: { header: (name) => headers[name] },
  };
  return createToOrigin({ trustProxy, assumeHttps: options.assumeHttps ?? false })(claims);
}

test('by default nobody is believed', () => {
  expect(originOf(false)).toEqual({ address: '10.0.0.1', host: 'internal:3000', scheme: 'http' });
});

test.each([
  [true, '198.51.100.7'],
  [0, '10.0.0.1'],
  [1, '10.0.0.2'],
  [2, '203.0.113.9'],
  [3, '198.51.100.7'],
  [9, '198.51.100.7'],
  [['10.0.0.0/8'], '203.0.113.9'],
  [['uniquelocal'], '203.0.113.9'],
  [['10.0.0.1'], '10.0.0.2'],
  [['loopback'], '10.0.0.1'],
  [['10.0.0.0/8', '203.0.113.9'], '198.51.100.7'],
])('with trustProxy %j the client is %s', (trustProxy, address) => {
  expect(originOf(trustProxy).address).toBe(address);
});

test('scheme and host are the first that a trusted connection says, as in Express', () => {
  expect(originOf(['10.0.0.0/8'])).toMatchObject({ host: 'shop.example.org', scheme: 'https' });
  expect(originOf(['192.0.2.1'])).toMatchObject({ host: 'internal:3000', scheme: 'http' });
});

test('assumeHttps gives way to a trusted proxy that says http', () => {
  expect(originOf(1, { 'x-forwarded-proto': 'http' }, { assumeHttps: true }).scheme).toBe('http');
  expect(originOf(1, { 'x-forwarded-proto': undefined }, { assumeHttps: true }).scheme).toBe(
    'https',
  );
  expect(originOf(1, { 'x-forwarded-proto': 'gopher' }, { assumeHttps: true }).scheme).toBe(
    'https',
  );
});

test.each([
  ...['localhost', 'LOCALHOST:3000', 'shop.localhost', 'nas.local:8080', 'api.internal', 'a.test.'],
  ...['shop', 'shop:3000', '127.0.0.1:3000', '127.8.9.1', '10.1.2.3', '172.31.0.1', '192.168.1.9'],
  ...['169.254.1.1', '[::1]:3000', '[::1]', '[fe80::1]', '[fd12::1]', '[::ffff:10.0.0.1]'],
])('assumeHttps does not apply to %s, unless a trusted proxy says https', (host) => {
  const noForwardedHost = { 'x-forwarded-host': undefined };
  const local = { assumeHttps: true, host };
  expect(originOf(false, {}, local).scheme).toBe('http');
  const silent = { ...noForwardedHost, 'x-forwarded-proto': undefined };
  expect(originOf(1, silent, local).scheme).toBe('http');
  expect(originOf(1, { ...silent, 'x-forwarded-host': host }, { assumeHttps: true }).scheme).toBe(
    'http',
  );
  expect(originOf(1, noForwardedHost, local).scheme).toBe('https');
});

test.each([
  ...['shop.example.org', 'shop.example.org:3000', 'local.example', 'notlocalhost.example'],
  ...['mytest.example', '11.1.2.3', '172.32.0.1', '192.169.1.1', '[2001:db8::1]:80', '8.8.8.8:80'],
])('assumeHttps applies to %s', (host) => {
  expect(originOf(false, {}, { assumeHttps: true, host }).scheme).toBe('https');
});

test('a local host behind a listener with TLS is https', () => {
  const toOrigin = createToOrigin({ trustProxy: false, assumeHttps: true });
  const claims = {
    peerAddress: '127.0.0.1',
    host: 'localhost:3000',
    headers: { header: () => undefined },
  };
  expect(toOrigin({ ...claims, scheme: 'https' }).scheme).toBe('https');
});

test.each([
  ['198.51.100.7:51234', '198.51.100.7'],
  ['[2001:db8::1]:443', '2001:db8::1'],
  ['"[2001:db8::1]"', '2001:db8::1'],
  ['2001:db8::1', '2001:db8::1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['::ffff:198.51.100.7', '198.51.100.7'],
])('X-Forwarded-For %s is the address %s', (forwardedFor, address) => {
  expect(originOf(1, { 'x-forwarded-for': forwardedFor }).address).toBe(address);
});

test.each(['unknown', '_hidden', '1.2.3', '', ' , ,', '[', '<script>'])(
  'behind X-Forwarded-For %j nobody can say who it was, and the proxy counts',
  (forwardedFor) => {
    expect(originOf(true, { 'x-forwarded-for': forwardedFor }).address).toBe('10.0.0.1');
  },
);

test('a socket without address, as of a Unix socket, has none', () => {
  expect(originOf(false, {}, { peerAddress: undefined }).address).toBeUndefined();
  expect(originOf(1, {}, { peerAddress: undefined }).address).toBe('10.0.0.2');
});

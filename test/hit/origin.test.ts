import { expect, test } from 'vitest';
import { createToOrigin, type OriginClaims } from '../../src/hit/origin.js';

const FORWARDED = {
  'x-forwarded-for': '198.51.100.7, 203.0.113.9, 10.0.0.2',
  'x-forwarded-host': 'shop.example.org, internal',
  'x-forwarded-proto': 'https, http',
};

function originOf(
  trustProxy: boolean | number | string[],
  overrides: { [header in keyof typeof FORWARDED]?: string | undefined } = {},
  options: { assumeHttps?: boolean; peerAddress?: string | undefined } = {},
) {
  const headers: Record<string, string | undefined> = { ...FORWARDED, ...overrides };
  const claims: OriginClaims = {
    peerAddress: 'peerAddress' in options ? options.peerAddress : '10.0.0.1',
    host: 'internal:3000',
    scheme: 'http',
    header: (name) => headers[name],
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
])('with trustProxy %j the caller is %s', (trustProxy, address) => {
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

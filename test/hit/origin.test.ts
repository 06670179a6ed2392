import { expect, test } from 'vitest';
import { createToOrigin, type OriginClaims } from '../../src/hit/origin.js';

const claims: OriginClaims = {
  peerAddress: '10.0.0.1',
  host: 'internal:3000',
  scheme: 'http',
  forwardedFor: '198.51.100.7, 203.0.113.9, 10.0.0.2',
  forwardedHost: 'shop.example.org, internal',
  forwardedProto: 'https, http',
};

function originOf(
  trustProxy: boolean | number | string[],
  overrides: Partial<OriginClaims> = {},
  assumeHttps = false,
) {
  return createToOrigin({ trustProxy, assumeHttps })({ ...claims, ...overrides });
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
  expect(originOf(1, { forwardedProto: 'http' }, true).scheme).toBe('http');
  expect(originOf(1, { forwardedProto: undefined }, true).scheme).toBe('https');
  expect(originOf(1, { forwardedProto: 'gopher' }, true).scheme).toBe('https');
});

test.each([
  ['198.51.100.7:51234', '198.51.100.7'],
  ['[2001:db8::1]:443', '2001:db8::1'],
  ['"[2001:db8::1]"', '2001:db8::1'],
  ['2001:db8::1', '2001:db8::1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['::ffff:198.51.100.7', '198.51.100.7'],
])('X-Forwarded-For %s is the address %s', (forwardedFor, address) => {
  expect(originOf(1, { forwardedFor }).address).toBe(address);
});

test.each(['unknown', '_hidden', '1.2.3', '', ' , ,', '[', '<script>'])(
  'behind X-Forwarded-For %j nobody can say who it was, and the proxy counts',
  (forwardedFor) => {
    expect(originOf(true, { forwardedFor }).address).toBe('10.0.0.1');
  },
);

test('a socket without address, as of a Unix socket, has none', () => {
  expect(originOf(false, { peerAddress: undefined }).address).toBeUndefined();
  expect(originOf(1, { peerAddress: undefined }).address).toBe('10.0.0.2');
});

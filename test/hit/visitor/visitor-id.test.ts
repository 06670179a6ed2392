import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  createToVisitorId,
  deriveVisitorKey,
  visitorOfCookie,
} from '../../../src/hit/visitor/visitor-id.js';

const midnight = Date.UTC(2026, 10, 21);
const client = { address: '192.0.2.1', userAgent: 'curl/8', site: 1, startMillis: midnight - 1 };

test('one client is one visitor all day, in every process with the key', () => {
  const id = createToVisitorId('key')(client);
  expect(id).toMatch(/^[\da-f]{16}$/);
  expect(createToVisitorId('key')({ ...client, startMillis: midnight - 86_400_000 })).toBe(id);
  expect(createToVisitorId('another key')(client)).not.toBe(id);
});

test('it is the beginning of an HMAC-SHA-256, as in every version', () => {
  const text = `${Math.floor(client.startMillis / 86_400_000)}\n1\n192.0.2.1\ncurl/8`;
  const hmac = createHmac('sha256', 'key').update(text).digest('hex');
  expect(createToVisitorId('key')(client)).toBe(hmac.slice(0, 16));
  expect(createToVisitorId('key')(client)).toBe('e1defe74b0099be0');
});

test.each([
  { address: '192.0.2.2' },
  { userAgent: 'axios/1' },
  { site: 2 },
  { startMillis: midnight },
])('another %o is another visitor', (difference) => {
  const toVisitorId = createToVisitorId('key');
  expect(toVisitorId({ ...client, ...difference })).not.toBe(toVisitorId(client));
});

test('the token cannot be read from the key that is derived from it', () => {
  expect(deriveVisitorKey('t0ken').toString('latin1')).not.toContain('t0ken');
  expect(deriveVisitorKey('t0ken')).toEqual(deriveVisitorKey('t0ken'));
});

test.each([
  ['_pk_id.1.1fff=0123456789abcdef.1700000000.; x=y', '0123456789abcdef'],
  ['a=b; _pk_id.1=0123456789ABCDEF', '0123456789abcdef'],
  ['_pk_id.2.1fff=0123456789abcdef.1', undefined],
  ['x_pk_id.1.1fff=0123456789abcdef.1', undefined],
  ['_pk_id.1.1fff=0123456789abcde', undefined],
  ['_pk_id.1.1fff=0123456789abcdef0', undefined],
  [undefined, undefined],
])('the cookies %s name the visitor %s', (cookies, visitor) => {
  expect(visitorOfCookie(cookies, 1)).toBe(visitor);
});

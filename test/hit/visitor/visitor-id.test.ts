import { hash } from 'node:crypto';
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

test('it is the beginning of a keyed SHA-256, as the documentation computes it', () => {
  const text = JSON.stringify([
    Math.floor(client.startMillis / 86_400_000),
    1,
    '192.0.2.1',
    'curl/8',
  ]);
  const digest = hash('sha256', hash('sha256', 'key') + text);
  expect(createToVisitorId('key')(client)).toBe(digest.slice(0, 16));
});

test('no two lists of traits are the same text', () => {
  const toVisitorId = createToVisitorId('key');
  const ids = [
    { address: '1', userAgent: '2\n3' },
    { address: '1\n2', userAgent: '3' },
    { address: '1","2', userAgent: '3' },
    { address: '1', userAgent: '2","3' },
    { session: '1\n2\n3' },
    { session: '1","2' },
  ].map((traits) => toVisitorId({ ...client, ...traits }));
  expect(new Set(ids).size).toBe(ids.length);
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
  expect(deriveVisitorKey('t0ken')).not.toContain('t0ken');
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

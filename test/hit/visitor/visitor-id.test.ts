import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { createToVisitorId, deriveVisitorKey } from '../../../src/hit/visitor/visitor-id.js';

const midnight = Date.UTC(2026, 10, 21);
const caller = { address: '192.0.2.1', userAgent: 'curl/8', site: 1, startMillis: midnight - 1 };

test('one caller is one visitor all day, in every process with the key', () => {
  const id = createToVisitorId('key')(caller);
  expect(id).toMatch(/^[\da-f]{16}$/);
  expect(createToVisitorId('key')({ ...caller, startMillis: midnight - 86_400_000 })).toBe(id);
  expect(createToVisitorId('another key')(caller)).not.toBe(id);
});

test('it is the beginning of an HMAC-SHA-256, as in every version', () => {
  const text = `${Math.floor(caller.startMillis / 86_400_000)}\n1\n192.0.2.1\ncurl/8`;
  const hmac = createHmac('sha256', 'key').update(text).digest('hex');
  expect(createToVisitorId('key')(caller)).toBe(hmac.slice(0, 16));
  expect(createToVisitorId('key')(caller)).toBe('e1defe74b0099be0');
});

test.each([
  { address: '192.0.2.2' },
  { userAgent: 'axios/1' },
  { site: 2 },
  { startMillis: midnight },
])('another %o is another visitor', (difference) => {
  const toVisitorId = createToVisitorId('key');
  expect(toVisitorId({ ...caller, ...difference })).not.toBe(toVisitorId(caller));
});

test('the token cannot be read from the key that is derived from it', () => {
  expect(deriveVisitorKey('t0ken').toString('latin1')).not.toContain('t0ken');
  expect(deriveVisitorKey('t0ken')).toEqual(deriveVisitorKey('t0ken'));
});

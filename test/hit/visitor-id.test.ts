import { expect, test } from 'vitest';
import { createToVisitorId, deriveVisitorKey } from '../../src/hit/visitor-id.js';

const midnight = Date.UTC(2026, 10, 21);
const caller = { address: '192.0.2.1', userAgent: 'curl/8', site: 1, startMillis: midnight - 1 };

test('one caller is one visitor all day, in every process with the key', () => {
  const id = createToVisitorId('key')(caller);
  expect(id).toMatch(/^[\da-f]{16}$/);
  expect(createToVisitorId('key')({ ...caller, startMillis: midnight - 86_400_000 })).toBe(id);
  expect(createToVisitorId('another key')(caller)).not.toBe(id);
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

test('it stays right when more callers come than are remembered', () => {
  const toVisitorId = createToVisitorId('key');
  const id = toVisitorId(caller);
  for (let i = 0; i < 10_001; i++) toVisitorId({ ...caller, userAgent: String(i) });
  expect(toVisitorId(caller)).toBe(id);
});

test('the token cannot be read from the key that is derived from it', () => {
  expect(deriveVisitorKey('t0ken').toString('latin1')).not.toContain('t0ken');
  expect(deriveVisitorKey('t0ken')).toEqual(deriveVisitorKey('t0ken'));
});

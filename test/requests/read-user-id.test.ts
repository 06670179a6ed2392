import { expect, test } from 'vitest';
import type { HttpRequest } from '../../src/hit/http-request.js';
import { createUserIdReader } from '../../src/request/read-user-id.js';
import { Request } from '../../src/request/request.js';
import { finishedSpan, httpRequest } from '../support/builders.js';
import { jwt } from '../support/jwt.js';

const HEADERS = {
  'x-api-key': 'secret-key',
  authorization: `Bearer ${jwt({ sub: 'ann' })}`,
  'x-other': 'other',
};
const span = finishedSpan();

function readerOf(userId = 'http.request.header.x-api-key') {
  const warned: string[] = [];
  const warnOnce = (key: string) => void warned.push(key);
  const reader = createUserIdReader({ userId, visitorKey: 'a key' }, { warnOnce } as never);
  const end = (overrides: Partial<HttpRequest>, headers: Record<string, string>) =>
    Object.assign(Request.ofSpan(span), {
      incoming: { headers } as never,
      http: httpRequest(overrides),
    });
  const read = (statusCode: number, headers = HEADERS as Record<string, string>, method = 'GET') =>
    reader?.read(end({ statusCode, method }, headers));
  return { read, warned };
}

test('the last 10,000 credentials are remembered, and not for ever', () => {
  const { read } = readerOf();
  const key = (i: number) => ({ 'x-api-key': `key-${i}` });
  for (let i = 0; i < 10_000; i++) read(200, key(i));
  for (const i of [0, 5000, 9999]) expect(read(401, key(i)), String(i)).toBeDefined();
  for (let i = 10_000; i < 40_000; i++) read(200, key(i));
  expect(read(401, key(1))).toBeUndefined();
});

test('a credential is the whole header: another scheme, or another token of the same user, is a new one', () => {
  const byKey = readerOf('http.request.header.authorization');
  expect(byKey.read(200, { authorization: 'Bearer k-1' })).toBeDefined();
  expect(byKey.read(401, { authorization: 'Bearer k-1' })).toBeDefined();
  expect(byKey.read(401, { authorization: 'Basic k-1' })).toBeUndefined();
  const byClaim = readerOf('jwt.sub');
  expect(byClaim.read(200, { authorization: `Bearer ${jwt({ sub: 'ann' })}` })).toBeDefined();
  const other = { authorization: `Bearer ${jwt({ sub: 'ann', exp: 1 })}` };
  expect(byClaim.read(403, other)).toBeUndefined();
});

test('a token that cannot be read is reported only if it was let in', () => {
  const { read, warned } = readerOf('jwt.sub');
  const junk = { authorization: 'Bearer junk' };
  read(401, junk);
  expect(warned).toEqual([]);
  read(200, junk);
  expect(warned).toEqual(['user id unreadable']);
});

test('a CORS preflight lets nobody in, because applications answer it before they authenticate', () => {
  const { read } = readerOf('jwt.sub');
  for (const method of ['OPTIONS', 'options']) {
    expect(read(204, HEADERS, method)).toBeUndefined();
    expect(read(401)).toBeUndefined();
  }
  expect(read(200)).toBeDefined();
  expect(read(204, HEADERS, 'OPTIONS')).toBeDefined();
});

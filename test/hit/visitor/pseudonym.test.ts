import { hash } from 'node:crypto';
import { expect, test } from 'vitest';
import { createToPseudonym, identify, userIdSourceOf } from '../../../src/hit/visitor/pseudonym.js';
import { createToVisitorId } from '../../../src/hit/visitor/visitor-id.js';
import { jwt } from '../../support/jwt.js';

const identityOf = (userId: string, header: string | undefined) => {
  const source = userIdSourceOf(userId);
  return source && identify(source, header);
};

test('a pseudonym is a keyed hash of the value, and no visitor ID', () => {
  const digest = hash('sha256', `${hash('sha256', 'a key')}["user id","k-1"]`);
  expect(createToPseudonym('a key')('k-1')).toBe(digest.slice(0, 16));
  expect(createToPseudonym('a key')('k-2')).not.toBe(digest.slice(0, 16));
  const visitor = { address: '', userAgent: 'k-1', site: 1, startMillis: 0 };
  expect(createToVisitorId('a key')(visitor)).not.toBe(digest.slice(0, 16));
});

const API_KEY = 'http.request.header.x-api-key';
const AUTHORIZATION = 'http.request.header.authorization';
const TOKEN = jwt({ sub: 'ann', client_id: 7, azp: ' app ' });

test.each([
  [API_KEY, ' k-1 ', 'k-1'],
  [API_KEY, 'two words', 'two words'],
  [API_KEY, 'a.b.c', 'a.b.c'],
  [AUTHORIZATION, 'Basic YTpi', 'YTpi'],
  [AUTHORIZATION, 'ApiKey  k-1', 'k-1'],
  [AUTHORIZATION, 'k-1', 'k-1'],
  ['http.request.header.proxy-authorization', 'Basic YTpi', 'YTpi'],
  ['jwt.sub', `Bearer ${TOKEN}`, 'ann'],
  ['jwt.sub', `bearer ${TOKEN}`, 'ann'],
  ['jwt.client_id', `Bearer ${TOKEN}`, '7'],
  ['jwt.azp', `Bearer ${TOKEN}`, 'app'],
])('%s of %s', (userId, header, value) => {
  expect(identityOf(userId, header)).toEqual({ kind: 'known', value });
});

/** A token with this text as its claims. */
const tokenOf = (json: string) => `Bearer e30.${Buffer.from(json).toString('base64url')}.c2ln`;

test.each([
  ['{"sub":7}', '7'],
  ['{"sub": -7 }', '-7'],
  ['{"sub":9007199254740991}', '9007199254740991'],
  ['{"sub":9007199254740992}', '9007199254740992'],
  ['{"sub":9007199254740993}', '9007199254740993'],
  ['{"sub":-9007199254740993}', '-9007199254740993'],
  ['{"sub":123456789012345678901234567890}', '123456789012345678901234567890'],
  ['{"sub":1.50}', '1.50'],
  ['{"sub":4503599627370497.5}', '4503599627370497.5'],
  ['{"sub":1e400}', '1e400'],
  ['{"sub":1E+22,"exp":9007199254740995}', '1E+22'],
  ['{"exp":9007199254740995,"sub":9007199254740993,"iat":9007199254740997}', '9007199254740993'],
  ['{"sub":9007199254740993,"sub":9007199254740995}', '9007199254740995'],
  ['{"sub":9007199254740993,"sub":"ann"}', 'ann'],
  ['{"sub":"ann","sub":9007199254740993}', '9007199254740993'],
  ['{"\\u0073ub":9007199254740993}', '9007199254740993'],
  ['{"name":"\\"sub\\":9007199254740995","sub":9007199254740993}', '9007199254740993'],
  ['{"sub":9007199254740993,"name":"\\\\\\",\\"sub\\":9007199254740995"}', '9007199254740993'],
  ['{"act":{"sub":9007199254740995},"sub":9007199254740993,"x":[{"sub":1}]}', '9007199254740993'],
  ['{"sub":9007199254740993,"act":{"sub":9007199254740995}}', '9007199254740993'],
])('jwt.sub of %s', (json, value) => {
  expect(identityOf('jwt.sub', tokenOf(json))).toEqual({ kind: 'known', value });
});

test.each(['{"sub":0}', '{"sub":-0}', '{"sub":0.0}', '{"sub":null}', '{"act":{"sub":7}}'])(
  'jwt.sub of %s names nobody',
  (json) => {
    expect(identityOf('jwt.sub', tokenOf(json))).toEqual({ kind: 'none' });
  },
);

test.each([
  [API_KEY, undefined],
  [API_KEY, ' '],
  [API_KEY, 'null'],
  [AUTHORIZATION, 'Basic '],
  [API_KEY, 'k'.repeat(20_000)],
  ['jwt.sub', `Basic ${TOKEN}`],
  ['jwt.sub', TOKEN],
  ['jwt.sub', `Bearer ${jwt({})}`],
  ['jwt.sub', `Bearer ${jwt({ sub: '' })}`],
  ['jwt.sub', `Bearer ${jwt({ sub: 'anonymous' })}`],
  ['jwt.sub', `Bearer ${jwt({ sub: { name: 'ann' } })}`],
  ['jwt.sub', `Bearer ${jwt({ sub: ['ann'] })}`],
  ['jwt.sub', `Bearer ${jwt({ sub: true })}`],
  ['jwt.sub', `Bearer ${jwt({ sub: 'a'.repeat(2000) })}`],
  ['jwt.sub', `Bearer ${jwt({ sub: 'ann', padding: 'a'.repeat(20_000) })}`],
  ['jwt.azp', `Bearer ${jwt({ sub: 'ann' })}`],
])('%s of header %# names nobody', (userId, header) => {
  expect(identityOf(userId, header)).toEqual({ kind: 'none' });
});

test.each([
  [AUTHORIZATION, `Bearer ${TOKEN}`],
  [AUTHORIZATION, TOKEN],
  [API_KEY, TOKEN],
  [API_KEY, `Bearer ${TOKEN}`],
  [API_KEY, `${TOKEN}.encrypted.tag`],
  [API_KEY, 'e30.e30.c2ln'],
  [API_KEY, 'ewogInR5cCI6IkpXVCJ9.e30.c2ln'],
])('%s with token %# is no key', (userId, header) => {
  expect(identityOf(userId, header)).toEqual({ kind: 'token' });
});

test('a key that begins like a token is one of a client', () => {
  expect(identityOf(API_KEY, 'eyes-only')).toEqual({ kind: 'known', value: 'eyes-only' });
});

test.each([
  'opaque',
  'a.b.c',
  `a.${Buffer.from('"text"').toString('base64url')}.c`,
  `a.${Buffer.from('{"sub":').toString('base64url')}.c`,
  TOKEN.split('.').slice(0, 2).join('.'),
  `${TOKEN}.encrypted.tag`,
])('bearer token %# cannot be read', (token) => {
  expect(identityOf('jwt.sub', `Bearer ${token}`)).toEqual({ kind: 'unreadable' });
});

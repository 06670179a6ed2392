import { expect, test } from 'vitest';
import { createToPseudonym } from '../../src/hit/visitor/pseudonym.js';
import { sourcesOf } from '../../src/requests/forwarded-request.js';
import { createUserIdReader } from '../../src/requests/read-user-id.js';
import type { EndedRecord } from '../../src/requests/request-record.js';
import { capturedHeaders, finishedSpan, httpRequest } from '../support/builders.js';
import { jwt } from '../support/jwt.js';

const SILENT = { warnOnce: () => undefined };
const HEADERS = {
  'x-api-key': 'secret-key',
  authorization: `Bearer ${jwt({ sub: 'ann' })}`,
  'x-other': 'other',
};
const RECORD = {
  request: httpRequest(),
  captured: { request: { headers: HEADERS } },
} as unknown as EndedRecord;
const SPAN = finishedSpan({
  attributes: { ...capturedHeaders(HEADERS), 'http.request.header.X_Api_Key': 'secret-key' },
});

test.each([
  ['http.request.header.x-api-key', 'secret-key', /secret-key/],
  ['http.request.header.x_api_key', 'secret-key', /secret-key/],
  ['jwt.sub', 'ann', /eyJ/],
])('no key of %s leaves a thread that has a key for pseudonyms', (userId, value, secret) => {
  const options = { userId, visitorKey: 'a key' };
  const reader = createUserIdReader(options, SILENT);
  const details = sourcesOf(RECORD, SPAN, undefined, reader);
  expect(JSON.stringify(details)).not.toMatch(secret);
  expect(details.headers).toHaveProperty('x-other', 'other');
  const forwarded = { ...RECORD, ...details } as unknown as EndedRecord;
  expect(reader?.read(forwarded, SPAN)).toBe(createToPseudonym('a key')(value));
  for (const others of [{ visitorKey: 'another' }, { userId: 'http.request.header.x-other' }]) {
    const other = createUserIdReader({ ...options, ...others }, SILENT);
    expect(other?.read(forwarded, SPAN)).not.toBe(reader?.read(forwarded, SPAN));
  }
});

test('without a key for pseudonyms, the thread that has one gets the header', () => {
  const reader = createUserIdReader({ userId: 'http.request.header.x-api-key' }, SILENT);
  expect(reader).toBeUndefined();
  expect(sourcesOf(RECORD, SPAN, undefined, reader).headers).toEqual(HEADERS);
});

test.each([
  [{ statusCode: 401 }, false],
  [{ statusCode: 403 }, false],
  [{ statusCode: 404, route: undefined }, false],
  [{ statusCode: 404 }, true],
  [{ statusCode: 500, route: undefined }, true],
])('a request with %o has a user ID: %s', (overrides, isKnown) => {
  const options = { userId: 'http.request.header.x-api-key', visitorKey: 'a key' };
  const record = { ...RECORD, request: httpRequest(overrides) } as EndedRecord;
  const id = createUserIdReader(options, SILENT)?.read(record, SPAN);
  expect(id !== undefined).toBe(isKnown);
});

import { expect, test } from 'vitest';
import {
  clientHintsOf,
  headersIn,
  readHeader,
  readOptOut,
} from '../../src/request/read-headers.js';

const LISTED = ['dnt', 'sec-gpc'];
const NONE = { readsOptOut: false, capturedHeaders: new Set<string>() };

test.each([
  ['dnt', '1', 'yes'],
  ['dnt', '1, 1', 'yes'],
  ['dnt', '0, 1', 'yes'],
  ['sec-gpc', '1', 'yes'],
  ['sec-gpc', ['0', '1'], 'yes'],
  ['dnt', '0', 'no'],
  ['dnt', '11', 'no'],
  ['dnt', {}, 'no'],
  ['accept', '1', 'no'],
])('Node’s header %s: %j opts out: %s', (name, value, expected) => {
  const headers = { [name]: value } as never;
  expect(readOptOut(headers, { headers }, { ...NONE, readsOptOut: true })).toBe(expected);
});

test.each([
  [{}, [], 'unknown'],
  [{}, ['dnt'], 'unknown'],
  [{}, LISTED, 'no'],
  [{ 'http.request.header.dnt': ['1'] }, [], 'yes'],
  [{ 'http.request.header.DNT': ['1'] }, [], 'yes'],
  [{ 'http.request.header.DNT': ['1'] }, LISTED, 'yes'],
  [{ 'http.request.header.Sec_GPC': '1' }, [], 'yes'],
  [{ 'http.request.header.dnt': ['0', '1'] }, LISTED, 'yes'],
  [{ 'http.request.header.dnt': 1 }, LISTED, 'yes'],
  [{ 'http.request.header.dnt': ['0'], 'http.request.header.DNT': ['1'] }, LISTED, 'yes'],
  [{ 'http.request.header.dnt': ['0'] }, [], 'unknown'],
  [{ 'http.request.header.dnt': ['0'] }, ['sec-gpc'], 'no'],
  [{ 'http.request.header.dnt': ['0'], 'http.request.header.sec-gpc': ['0'] }, [], 'no'],
  [{ 'http.request.header.accept': ['1'] }, [], 'unknown'],
  [{ 'http.request.header.accept': ['1'] }, LISTED, 'no'],
] as const)('attributes %j with the captured headers %j: %s', (attributes, captured, expected) => {
  const headers = headersIn(attributes as never);
  const reading = { ...NONE, capturedHeaders: new Set(captured) };
  expect(readOptOut(headers, undefined, reading)).toBe(expected);
});

test('several values of an attribute are combined as Node.js combines headers', () => {
  const read = (attributes: object, name: string) =>
    readHeader(headersIn(attributes as never), name);
  const values = ['a', 'b'];
  expect(read({ 'http.request.header.cookie': values }, 'cookie')).toBe('a; b');
  expect(read({ 'http.request.header.X-Forwarded-For': values }, 'x-forwarded-for')).toBe('a, b');
  expect(read({ 'http.request.header.x_forwarded_for': ['a'] }, 'x-forwarded-for')).toBe('a');
  expect(read({ 'http.request.header.host': values }, 'host')).toBe('a');
  expect(read({ 'http.request.header.a': [] }, 'a')).toBeUndefined();
});

test('each header of client hints is decoded by itself', () => {
  const clientHints = clientHintsOf({
    'sec-ch-ua': '"Caf\u00e9";v="1"',
    'sec-ch-ua-platform': '"\u00c3\u00a9"', // UTF-8, read as Latin-1
  });
  expect(clientHints?.split('\n').slice(0, 3)).toEqual(['"Café";v="1"', '', '"é"']);
});

import { expect, test } from 'vitest';
import { requestWith } from '../support/builders.js';

test('languages of one user agent that take turns are not mixed up, and are one object each', () => {
  const languages = Array.from({ length: 30 }, (_, i) => `l${i}`);
  const headersOf = (language?: string) => ({
    'user-agent': 'curl/8',
    ...(language !== undefined && { 'accept-language': language }),
  });
  for (const language of [...languages, ...languages, undefined, 'x'.repeat(1000), undefined]) {
    const { userAgent, acceptLanguage, client } = requestWith(headersOf(language));
    client?.remember();
    expect([userAgent, acceptLanguage]).toEqual(['curl/8', language]);
    expect(client).toMatchObject({ userAgent: 'curl/8', acceptLanguage: language });
  }
  const [first] = languages;
  const { client } = requestWith(headersOf(first));
  client?.remember();
  requestWith(headersOf('l1')).client?.remember();
  expect(requestWith(headersOf(first)).client).toBe(client);
});

test('only the client of a request that is tracked is remembered', () => {
  const read = () => requestWith({ 'user-agent': 'remembered/1' }).client;
  const [first, second] = [read(), read()];
  expect(second).not.toBe(first);
  second?.remember();
  expect(read()).toBe(second);
});

test('headers that the application has replaced by other values are read as if they were missing', () => {
  const read = (headers: object) => requestWith(headers);
  const strange = { 'user-agent': 'curl/8', 'accept-language': null };
  expect(read(strange)).toMatchObject({ userAgent: 'curl/8', acceptLanguage: undefined });
  expect(read({ 'user-agent': 7, 'accept-language': 'sv' })).toMatchObject({
    userAgent: undefined,
    acceptLanguage: 'sv',
  });
  expect(read({ 'user-agent': ['curl/8', 'curl/9'] })).toMatchObject({ userAgent: 'curl/8' });
});

test.each<[string, object, object]>([
  ['unchanged', {}, { userAgent: 'curl/8', acceptLanguage: 'sv' }],
  ['another agent', { 'user-agent': 'curl/9' }, { userAgent: 'curl/9', acceptLanguage: 'sv' }],
  ['another language', { 'accept-language': 'de' }, { acceptLanguage: 'de' }],
  ['no language', { 'accept-language': undefined }, { acceptLanguage: undefined }],
  ['no agent', { 'user-agent': undefined }, { client: undefined, acceptLanguage: 'sv' }],
])(
  'a client that was read when the request began is used if its headers are as they were: %s',
  (_name, changed, expected) => {
    const sent = { 'user-agent': 'curl/8', 'accept-language': 'sv' };
    const { client: known } = requestWith(sent);
    const read = requestWith({ ...sent, ...changed }, known);
    expect(read).toMatchObject(expected);
    expect(read.client === known).toBe(Object.keys(changed).length === 0);
  },
);

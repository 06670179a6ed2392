import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Client, createToClientFields, readClientHints } from '../../../src/hit/visitor/client.js';
import { collectGarbage, keptBytes, PARTS_BYTES } from '../../support/kept-bytes.js';

test('client hints become the uadata that Matomo’s own tracker sends', () => {
  const headers: Record<string, string> = {
    'sec-ch-ua': '"Chromium";v="130", "Not?A_Brand";v="99"',
    'sec-ch-ua-full-version-list': '"Chromium";v="130.0.6723.58"',
    'sec-ch-ua-mobile': '?0',
    'sec-ch-ua-platform': '"Linux"',
    'sec-ch-ua-platform-version': '"6.8.0"',
    'sec-ch-ua-model': '""',
  };
  expect(JSON.parse(readClientHints((name) => headers[name]) ?? '')).toEqual({
    brands: [
      { brand: 'Chromium', version: '130' },
      { brand: 'Not?A_Brand', version: '99' },
    ],
    fullVersionList: [{ brand: 'Chromium', version: '130.0.6723.58' }],
    mobile: false,
    platform: 'Linux',
    platformVersion: '6.8.0',
  });
  expect(readClientHints(() => 'nonsense')).toBeUndefined();
  expect(readClientHints(() => undefined)).toBeUndefined();
});

test('a client is sent with the hints of each request', () => {
  const toFields = createToClientFields();
  const spans = { userAgent: 'curl/8', acceptLanguage: 'sv-SE' };
  for (const headers of [spans, { ...spans, client: new Client('curl/8', 'sv-SE') }]) {
    for (const clientHints of [undefined, '{"mobile":true}', '{"mobile":false}', undefined]) {
      const { text } = toFields({ ...headers, clientHints });
      const uadata = clientHints === undefined ? {} : { uadata: clientHints };
      const expected = { ua: 'curl/8', lang: 'sv-SE', ...uadata };
      expect(Object.fromEntries(new URLSearchParams(text))).toEqual(expected);
    }
  }
});

const LONG = 'x'.repeat(1100);

test.for([
  ['a long user agent', { userAgent: LONG, clientHints: '{"mobile":true}' }],
  ['a long language', { acceptLanguage: LONG, clientHints: '{"mobile":true}' }],
  ['long hints', { userAgent: 'curl/8', clientHints: '中'.repeat(400) }],
  ['hints that are too long to be sent', { userAgent: 'curl/8', clientHints: 'x'.repeat(5000) }],
  ['a user agent that is long if it is encoded', { userAgent: '中'.repeat(400) }],
] as const)('what is sent of a client with %s is not remembered', async ([, headers]) => {
  const toFields = createToClientFields();
  const sent = Array.from({ length: 1000 }, () => new WeakRef(toFields(headers)));
  await nextTurn(); // until then, nothing that a weak reference was made to is collected
  collectGarbage();
  expect(sent.filter((fields) => fields.deref()).length).toBeLessThan(10);
  expect(toFields(headers)).toEqual(toFields(headers));
});

test('no text is kept of which a header is a part', () => {
  const toFields = createToClientFields();
  const kept = keptBytes((part) =>
    toFields({ userAgent: part, acceptLanguage: part, clientHints: JSON.stringify({ part }) }),
  );
  expect(kept).toBeLessThan(PARTS_BYTES / 4);
});

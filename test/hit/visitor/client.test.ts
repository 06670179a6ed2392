import { expect, test } from 'vitest';
import {
  CLIENT_HINTS,
  Client,
  toClientHints,
  toSentClient,
} from '../../../src/hit/visitor/client.js';

test('client hints become the uadata that Matomo’s own tracker sends', () => {
  const headers: Record<string, string> = {
    'sec-ch-ua': '"Chromium";v="130", "Not?A_Brand";v="99"',
    'sec-ch-ua-full-version-list': '"Chromium";v="130.0.6723.58"',
    'sec-ch-ua-mobile': '?0',
    'sec-ch-ua-platform': '"Linux"',
    'sec-ch-ua-platform-version': '"6.8.0"',
    'sec-ch-ua-model': '""',
  };
  const lines = CLIENT_HINTS.map((name) => headers[name]).join('\n');
  expect(JSON.parse(toClientHints(lines) ?? '')).toEqual({
    brands: [
      { brand: 'Chromium', version: '130' },
      { brand: 'Not?A_Brand', version: '99' },
    ],
    fullVersionList: [{ brand: 'Chromium', version: '130.0.6723.58' }],
    mobile: false,
    platform: 'Linux',
    platformVersion: '6.8.0',
  });
  expect(toClientHints('nonsense')).toBeUndefined();
  expect(toClientHints('')).toBeUndefined();
  expect(toClientHints('"Chromium";v="130"')).toBe(
    '{"brands":[{"brand":"Chromium","version":"130"}]}',
  );
});

const PHONE = '"Chromium";v="130"\n?1';
const COMPUTER = '"Chromium";v="130"\n?0';

test('a client is sent with the hints of each request', () => {
  const spans = { userAgent: 'curl/8', acceptLanguage: 'sv-SE' };
  for (const headers of [spans, { ...spans, client: new Client('curl/8', 'sv-SE') }]) {
    for (const clientHints of [undefined, PHONE, COMPUTER, undefined]) {
      const { text } = toSentClient({ ...headers, clientHints });
      const uadata = clientHints === undefined ? {} : { uadata: toClientHints(clientHints) };
      const expected = { ua: 'curl/8', lang: 'sv-SE', ...uadata };
      expect(Object.fromEntries(new URLSearchParams(text))).toEqual(expected);
    }
  }
});

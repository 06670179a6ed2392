import { expect, test } from 'vitest';
import { readClientHints } from '../../../src/hit/visitor/client-hints.js';

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

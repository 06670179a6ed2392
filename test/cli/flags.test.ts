import { expect, test } from 'vitest';
import { goal, goalIds, isUsageError } from '../../src/cli/flags.js';
import { trackedBaseUrl } from '../../src/options/url-values.js';

test.each<[string, (name: string, value: unknown) => unknown, string, unknown]>([
  ['a list of one goal', goalIds, '7', [7]],
  ['a list of goals', goalIds, '1,20', [1, 20]],
  ['a URL', trackedBaseUrl, 'https://shop.example/a//?b#c', 'https://shop.example/a'],
  ['a goal', goal, ' Paid = /pay?a=b ', { name: 'Paid', pattern: '/pay?a=b' }],
])('%s', (_what, parse, text, value) => {
  expect(parse('--flag', text)).toEqual(value);
});

test.each<[(name: string, value: unknown) => unknown, string[]]>([
  [goalIds, ['', '0', '1,', '1,x', '1, 2']],
  [
    trackedBaseUrl,
    ['', 'x.example', 'ftp://x.example', 'https://u:p@x.example', 'https://u@x.example'],
  ],
  [goal, ['', 'Orders', '=/orders', 'Orders=', ' = ']],
])('an invalid value is a usage error: %o', (parse, texts) => {
  for (const text of texts) {
    let error: unknown;
    try {
      parse('--flag', text);
    } catch (thrown) {
      error = thrown;
    }
    expect([text, isUsageError(error)]).toEqual([text, true]);
  }
});

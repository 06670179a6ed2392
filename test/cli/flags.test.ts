import { expect, test } from 'vitest';
import { date, goal, goalIds, isUsageError, requestRate } from '../../src/cli/flags.js';
import { trackedBaseUrl } from '../../src/options/url-values.js';

test.each<[string, (name: string, value: unknown) => unknown, string, unknown]>([
  ['a rate', requestRate, '0.5', 0.5],
  ['a list of one goal', goalIds, '7', [7]],
  ['a list of goals', goalIds, '1,20', [1, 20]],
  ['a day', date, '2026-01-31', Date.UTC(2026, 0, 31) / 1000],
  ['a time', date, '2026-01-31T12:00:00+01:00', Date.UTC(2026, 0, 31, 11) / 1000],
  ['a URL', trackedBaseUrl, 'https://shop.example/a//?b#c', 'https://shop.example/a'],
  ['a goal', goal, ' Paid = /pay?a=b ', { name: 'Paid', pattern: '/pay?a=b' }],
])('%s', (_what, parse, text, value) => {
  expect(parse('--flag', text)).toEqual(value);
});

test.each<[(name: string, value: unknown) => unknown, string[]]>([
  [requestRate, ['', '0', '-1', '0x10', '1e3', 'Infinity', ' 1']],
  [goalIds, ['', '0', '1,', '1,x', '1, 2']],
  [
    date,
    [
      '',
      'yesterday',
      '2026-02-31',
      '2027-02-29T12:00:00Z',
      '2026-01-31T25:00Z',
      '2026-01-31T12:00',
    ],
  ],
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

import { expect, test } from 'vitest';
import { goal, goalIds, isUsageError } from '../../src/cli/flags.js';

test.each<[string, (name: string, value: unknown) => unknown, string, unknown]>([
  ['a list of one goal', goalIds, '7', [7]],
  ['a list of goals', goalIds, '1,20', [1, 20]],
  ['a goal', goal, ' Paid = /pay?a=b ', { name: 'Paid', pattern: '/pay?a=b' }],
])('%s', (_what, parse, text, value) => {
  expect(parse('--flag', text)).toEqual(value);
});

test.each<[(name: string, value: unknown) => unknown, string[]]>([
  [goalIds, ['', '0', '1,', '1,x', '1, 2']],
  [goal, ['', 'Orders', '=/orders', 'Orders=', ' = ']],
])('an invalid value is a usage error: %o', (parse, texts) => {
  for (const text of texts) {
    expect(() => parse('--flag', text), text).toThrow(expect.toSatisfy(isUsageError));
  }
});

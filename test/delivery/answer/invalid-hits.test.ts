import { expect, test, vi } from 'vitest';
import { pending, setUp, useFakeTime } from '../../support/delivery.js';
import { answer, processed } from '../../support/scripted-transport.js';

useFakeTime();

const HITS = [
  'a',
  'b&idgoal=7',
  'c&idgoal=8&revenue=2',
  'd&idgoal=0&ec_id=o-1',
  'e&url=/%3Fidgoal=9',
];

/** The log after a bulk with these hits. */
async function logOf(exchange: ReturnType<typeof processed>, names: readonly string[] = HITS) {
  const { delivery, transport, logged } = setUp();
  transport.answer(exchange);
  for (const name of names) delivery.push(pending({ name }));
  await delivery.flush();
  await vi.advanceTimersByTimeAsync(60_000);
  return logged.filter((line) => line.includes('[hits-invalid]'));
}

test('rejected goals and the number of orders are logged if Matomo says which hits are invalid', async () => {
  const body = { status: 'success', tracked: 3, invalid: 2, invalid_indices: [1, 3] };
  const [line = '', ...others] = await logOf(answer(200, body));
  expect(line).toMatch(/\b2 hits\b.*(?<!Possibly )rejected: goal 7; 1 order\b/i);
  expect(line).not.toContain('o-1');
  expect(others).toEqual([]);
});

test.each([
  ['no positions', {}],
  ['fewer positions than invalid hits', { invalid_indices: [1] }],
])('with %s, the goals and orders of the bulk are named as possible', async (_, more) => {
  const body = { status: 'success', tracked: 3, invalid: 2, ...more };
  expect(await logOf(answer(200, body))).toEqual([
    expect.stringMatching(/possibly rejected: goals 7, 8; 1 order\b/i),
  ]);
});

test('if all hits are invalid, no positions are needed, and only ten goals are named', async () => {
  const names = Array.from({ length: 12 }, (_, i) => `x&idgoal=${i + 1}`);
  expect(await logOf(processed(12, 12), names)).toEqual([
    expect.stringMatching(/: goals 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and others\b/),
  ]);
});

test('hits without a goal or an order add nothing', async () => {
  expect(await logOf(processed(2, 1), ['a', 'b'])).toEqual([
    expect.stringMatching(/\b1 hit\b(?!.*(?:goal|order)s? \d)/),
  ]);
});

test('hits that Matomo rejects while the process is blocked at its end are logged', async () => {
  const { delivery, transport, logged } = setUp();
  Object.assign(transport, { sendSync: () => processed(1, 1) });
  delivery.push(pending({ name: 'a&idgoal=7' }));
  delivery.finish(1000);
  expect(logged).toEqual([expect.stringContaining('Rejected: goal 7. Check')]);
});

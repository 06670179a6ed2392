import { expect, test } from 'vitest';
import {
  ALL_INVALID,
  answers,
  answersSome,
  HTML,
  isShort,
  ROWS,
  withToken,
} from './answer-rows.js';
import { ROUNDS, rideOut } from './ride-out.js';

/** A hit that fails so often while others are tracked is the cause. */
const MOST_FAILURES = 9;

test.for(ROWS.filter(isShort))('%s', async ([, fault, expected], context) => {
  await rideOut(context, fault, expected);
});

test('token refused later', async (context) => {
  const fault = { ...answers(ALL_INVALID), options: withToken };
  const row = await rideOut(context, fault, { logs: /\[token-rejected\]/ });
  expect(row.stats.invalid).toBeLessThan(3);
});

test('500 to one hit, which others prove to be the cause when it has failed often', async (context) => {
  const poisoned = { where: (body: string) => body.includes('poison'), status: '500 Oops' };
  const fault = { ...answersSome(poisoned), path: '/poison' };
  const reason = ROUNDS > MOST_FAILURES ? 'rejected' : 'shutdown';
  const row = await rideOut(context, fault, { lost: [reason] });
  expect(row.stats.lost[reason]).toBe(1);
  expect(row.stored).toBe(row.hits - 1);
});

test('HTML with 200, stored, where Matomo was seen', async (context) => {
  const row = await rideOut(context, answers({ ...HTML, store: true }), {
    logs: /text\/html.*\[not-matomo\]/,
    mayDuplicate: true,
    isAllStored: true,
    isSomeAccepted: false,
  });
  expect(row.stats.resent).toBeGreaterThan(0);
});

test('429 with Retry-After, then nobody flushes', async (context) => {
  const attempts: number[] = [];
  await rideOut(
    context,
    {
      byItself: true,
      begin: (_matomo, proxy) =>
        proxy.play({
          kind: 'answer',
          where: () => attempts.push(performance.now()) === 1,
          status: '429 Too Many Requests\r\nRetry-After: 1',
        }),
      end: () => undefined,
    },
    { lost: [], logs: /\b429\b/ },
  );
  expect((attempts[1] as number) - (attempts[0] as number)).toBeGreaterThanOrEqual(999);
});

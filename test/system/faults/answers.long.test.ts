import { expect, test } from 'vitest';
import { answers, HTML, isShort, ROWS } from './answer-rows.js';
import { rideOut } from './ride-out.js';

test.for(ROWS.filter((row) => !isShort(row)))('%s', async ([, fault, expected], context) => {
  await rideOut(context, fault, expected);
});

test('HTML with 200, not stored, where Matomo was seen', async (context) => {
  const row = await rideOut(context, answers({ ...HTML, store: false }), {
    logs: /text\/html.*\[not-matomo\]/,
    isAllStored: true,
    isSomeAccepted: false,
  });
  expect(row.stats.resent).toBeGreaterThan(0);
});

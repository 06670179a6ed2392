import { expect, test, vi } from 'vitest';
import { pending, sentNames, setUp, useFakeTime } from '../support/delivery.js';
import { answer, noAnswer, notSent, processed } from '../support/scripted-transport.js';

useFakeTime();

const NOTHING_COUNTED = answer(200, { status: 'success', tracked: 0, invalid: 0 });

test.each([
  ['502', answer(502), {}, 2],
  ['a status above 504', answer(524), {}, 2],
  ['503', answer(503), {}, 0],
  ['501', answer(501), {}, 0],
  ['429', answer(429), {}, 0],
  ['500', answer(500), {}, 0],
  ['no connection', notSent, {}, 0],
  ['nothing counted', NOTHING_COUNTED, {}, 2],
  ['no answer', noAnswer, {}, 0],
  ['no answer, with resendUnconfirmed', noAnswer, { resendUnconfirmed: true }, 2],
  ['504, with resendUnconfirmed', answer(504), { resendUnconfirmed: true }, 2],
])('after %s hits that may be duplicated are counted', async (_, first, options, resent) => {
  const { delivery, transport } = setUp(options);
  transport.answer(first, processed);
  for (const name of ['a', 'b']) delivery.push(pending({ name }));
  await delivery.flush();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(delivery).toMatchObject({ pending: 0, resent });
});

test('hits are counted as often as an answer left them open', async () => {
  const { delivery, transport } = setUp();
  transport.answer(answer(502), answer(503), answer(502), processed);
  delivery.push(pending());
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sentNames(transport)).toHaveLength(4);
  expect(delivery).toMatchObject({ resent: 2, counters: { tracked: 1 } });
});

test('the hits of a bulk that is sent again in two halves count, too', async () => {
  const { delivery, transport } = setUp();
  transport.answer(answer(502), answer(502), processed);
  for (const name of ['a', 'b']) delivery.push(pending({ name }));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sentNames(transport)).toEqual([['a', 'b'], ['a', 'b'], ['a'], ['b']]);
  expect(delivery).toMatchObject({ resent: 4, counters: { tracked: 2 } });
});

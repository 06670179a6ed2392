import { expect, test, vi } from 'vitest';
import { pending, sentNames, setUp, useFakeTime } from '../support/delivery.js';
import { answer, processed } from '../support/scripted-transport.js';

useFakeTime();

test.each([
  '0',
  '00',
  '-5',
  '0.5',
  'Thu, 19 Nov 2026 00:00:00 GMT',
  'Fri, 20 Nov 2026 12:00:00 GMT',
  'soon',
  '',
])('Retry-After: %j never makes an attempt come before the back-off', async (retryAfter) => {
  const { delivery, transport } = setUp({ maxExportBatchSize: 1 });
  transport.answer({ ...answer(503), retryAfter });
  delivery.push(pending());
  await vi.advanceTimersByTimeAsync(3_000);
  // After 20 ms, 1 s and 2 s.
  expect(transport.bodies.length).toBeLessThanOrEqual(3);
  transport.answer(processed(1));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(delivery).toMatchObject({ pending: 0, counters: { tracked: 1 } });
});

test('Retry-After counts up to an hour', async () => {
  const { delivery, transport } = setUp({ maxExportBatchSize: 1 });
  transport.answer({ ...answer(503), retryAfter: '999999' }, processed(1));
  delivery.push(pending());
  await vi.advanceTimersByTimeAsync(3_599_000);
  expect(transport.bodies).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(transport.bodies).toHaveLength(2);
});

test('a back-off that happens to be none still is a wait', async () => {
  const { delivery, transport } = setUp({ maxExportBatchSize: 1 }, () => 0);
  transport.answer(answer(503));
  delivery.push(pending());
  await vi.advanceTimersByTimeAsync(1_000);
  expect(transport.bodies.length).toBeLessThanOrEqual(11);
});

test('another token at every look is no busy loop', async () => {
  let reads = 0;
  const rereadToken = () => `token ${++reads}`;
  const { delivery, transport } = setUp({ tokenAuth: 'token', rereadToken });
  transport.answer((sent) => processed(sent, sent));
  delivery.push(pending());
  await vi.advanceTimersByTimeAsync(15_000);
  expect(transport.bodies.length).toBeGreaterThan(2);
  expect(transport.bodies.length).toBeLessThanOrEqual(11);
});

test.each(['push', 'wait'] as const)(
  'a hit that is due and not final for long is no busy loop (%s)',
  async (how) => {
    let looks = 0;
    let isFinal = false;
    const { delivery } = setUp();
    const look = () => {
      looks += 1;
      return isFinal;
    };
    delivery[how](pending({ isFinal: look }));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(looks).toBeLessThanOrEqual(60 * 100);
    isFinal = true;
    await vi.advanceTimersByTimeAsync(50);
    expect(delivery.counters.tracked).toBe(1);
  },
);

test('a batch that loses hits to their age while a half of it is tried goes on as a whole', async () => {
  const { delivery, transport } = setUp();
  transport.answer(answer(500));
  const oldest = Date.now() / 1000 - 23 * 3600 - 49.8 * 60;
  delivery.push(pending({ name: 'old', startSeconds: oldest }));
  delivery.push(pending({ name: 'young' }));
  await vi.advanceTimersByTimeAsync(5 * 60_000);
  transport.answer(processed);
  await vi.advanceTimersByTimeAsync(5 * 60_000);
  expect(delivery).toMatchObject({ pending: 0, counters: { tracked: 1, lost: { expired: 1 } } });
  expect(sentNames(transport).every((names) => names.every((name) => name !== ''))).toBe(true);
});

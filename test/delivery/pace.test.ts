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

test('a full batch is sent while further hits keep arriving', async () => {
  const { delivery, transport } = setUp({ maxExportBatchSize: 10 });
  for (let i = 0; i < 100; i++) {
    delivery.push(pending());
    await vi.advanceTimersByTimeAsync(1);
  }
  expect(transport.bodies.length).toBeGreaterThan(5);
});

test('without pending hits there is no timer, and while a bulk is being sent none for hits that fill no bulk', async () => {
  const { delivery, transport } = setUp();
  const release = transport.hold();
  delivery.push(pending());
  await vi.advanceTimersByTimeAsync(5_000);
  expect(transport.bodies).toHaveLength(1);
  const timers = vi.getTimerCount();
  delivery.push(pending());
  expect(vi.getTimerCount()).toBe(timers);
  release();
  await vi.advanceTimersByTimeAsync(6_000);
  expect(delivery).toMatchObject({ pending: 0, counters: { tracked: 2 } });
  expect(vi.getTimerCount()).toBe(0);
});

test.each([
  ['Matomo is unavailable', { ...answer(503), retryAfter: '600' }],
  ['the only hit has failed alone', answer(500)],
])(
  'however short the delay, there is no timer for less than five seconds while %s for long',
  async (_why, response) => {
    const { delivery, transport } = setUp({ scheduledDelayMillis: 20 });
    transport.answer(response);
    delivery.push(pending());
    await vi.advanceTimersByTimeAsync(120_000);
    const timers = vi.spyOn(globalThis, 'setTimeout');
    await vi.advanceTimersByTimeAsync(60_000);
    const { length } = timers.mock.calls;
    timers.mockRestore(); // before the fake timers end: it restores one of them
    expect(length).toBeLessThan(30);
    expect(delivery.pending).toBe(1);
    transport.answer(processed);
    delivery.push(pending());
    await vi.advanceTimersByTimeAsync(600_000);
    expect(delivery).toMatchObject({ pending: 0, counters: { tracked: 2 } });
  },
);

test('a hit with a short delay does not wait for one that failed alone', async () => {
  const { delivery, transport } = setUp({ scheduledDelayMillis: 100 });
  transport.answer(answer(500));
  delivery.push(pending({ name: 'poison' }));
  await vi.advanceTimersByTimeAsync(30_000);
  transport.answer(processed);
  delivery.push(pending({ name: 'good' }));
  await vi.advanceTimersByTimeAsync(200);
  expect(sentNames(transport)).toContainEqual(['good']);
});

test('a token that was replaced is sent within five seconds, whatever the delay, and not looked for all the time', async () => {
  for (const scheduledDelayMillis of [100, 3_000, 60_000]) {
    let file = 'old';
    let reads = 0;
    const rereadToken = () => {
      reads += 1;
      return file;
    };
    const options = { tokenAuth: 'old', rereadToken, scheduledDelayMillis };
    const { delivery, transport } = setUp(options);
    transport.answer((sent) => processed(sent, sent));
    delivery.push(pending());
    await delivery.flush();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(reads).toBeLessThan(30);
    transport.answer(processed);
    file = 'new';
    await vi.advanceTimersByTimeAsync(5_100);
    expect(transport.bodies.map(({ token_auth }) => token_auth)).toEqual(['old', 'new']);
  }
});

test('hits that become too old while nothing can be sent are counted', async () => {
  const { delivery, transport } = setUp();
  transport.answer({ ...answer(503), retryAfter: '3600' });
  delivery.push(pending({ startSeconds: Date.now() / 1000 - 23 * 3600 - 49 * 60 }));
  await vi.advanceTimersByTimeAsync(120_000);
  expect(delivery).toMatchObject({ pending: 0, counters: { lost: { expired: 1 } } });
});

test('an application whose tests run all timers, but keep the monotonic clock, gets no endless loop', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  const { delivery, transport } = setUp();
  delivery.push(pending());
  vi.runAllTimers();
  await delivery.flush();
  expect(sentNames(transport)).toHaveLength(1);
});

test('the timer for pending hits does not keep the process alive', async () => {
  vi.useRealTimers();
  const { delivery } = setUp();
  const before = process.getActiveResourcesInfo();
  delivery.push(pending());
  expect(process.getActiveResourcesInfo()).toEqual(before);
  await delivery.flush();
});

import { expect, test, vi } from 'vitest';
import { type Exchange, timedOut } from '../../../src/delivery/http/transport.js';
import { pending, setUp, useFakeTime } from '../../support/delivery.js';
import { answer, processed } from '../../support/scripted-transport.js';

useFakeTime();

/** Matomo answers 503 to two hits after a sign of the end. */
async function signalAndAnswer503({ keepsForExit = true } = {}) {
  const { delivery, transport, logged } = setUp();
  delivery.keepsForExit = keepsForExit;
  transport.answer(answer(503));
  delivery.push(pending());
  delivery.push(pending());
  delivery.expectEnd();
  await delivery.flush();
  return { delivery, transport, logged };
}

test('an outage after a sign of the end is named only in the last line of the process', async () => {
  const { delivery, transport, logged } = await signalAndAnswer503();
  expect(logged).toEqual([]);
  Object.assign(transport, { sendSync: () => answer(503) });
  delivery.finish();
  expect(logged).toEqual([expect.stringMatching(/ 503\b.*shutdown: 2.*\[lost-at-shutdown\]$/)]);
});

test('so is one during a shutdown', async () => {
  const { delivery, transport, logged } = setUp();
  transport.answer(answer(503));
  delivery.push(pending());
  await delivery.shutdown(1000);
  await vi.advanceTimersByTimeAsync(0);
  expect(logged).toEqual([expect.stringMatching(/ 503\b.*shutdown: 1.*\[lost-at-shutdown\]$/)]);
  expect(vi.getTimerCount()).toBe(0);
});

test('nothing is logged if Matomo has got everything in the end', async () => {
  const { delivery, transport, logged } = await signalAndAnswer503();
  Object.assign(transport, { sendSync: () => processed(2) });
  delivery.finish();
  expect(logged).toEqual([]);
});

test('a process that goes on logs the outage, and its end', async () => {
  const { transport, logged } = await signalAndAnswer503();
  await vi.advanceTimersByTimeAsync(4_900);
  expect(logged).toEqual([]);
  await vi.advanceTimersByTimeAsync(200);
  expect(logged).toEqual([expect.stringMatching(/ 503\b.*Pending.* 2 hits.*\[unavailable\]$/)]);
  transport.answer(processed);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(logged.slice(1)).toEqual([expect.stringContaining('[available-again]')]);
});

test('without the exit flush, whose line would not name it, the outage is logged at once', async () => {
  const { logged } = await signalAndAnswer503({ keepsForExit: false });
  expect(logged).toEqual([expect.stringContaining('[unavailable]')]);
});

test.each([
  ['names', 1500],
  ['does not name', 3],
])(
  'the line of a shutdown %s a connection that was tried for %i ms until then',
  async (names, millis) => {
    const { delivery, transport, logged } = setUp();
    let cutShort = () => {};
    const send = () =>
      new Promise<Exchange>((resolve) => {
        cutShort = () => resolve(timedOut(false, millis));
      });
    Object.assign(transport, { send, close: async () => cutShort() });
    delivery.push(pending());
    const ended = delivery.shutdown(2000);
    await vi.advanceTimersByTimeAsync(2000);
    await ended;
    expect(logged).toEqual([expect.stringMatching(/timeout.*shutdown: 1.*\[lost-at-shutdown\]$/)]);
    expect(logged.join().includes(`no connection within ${millis} ms`)).toBe(names === 'names');
  },
);

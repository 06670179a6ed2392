import { expect, onTestFinished, test, vi } from 'vitest';
import { linesIn, spooledDelivery, temporaryFolder } from '../../support/spool.js';

test('what comes before the store is there waits for it, and goes through it', async () => {
  const folder = temporaryFolder();
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { delivery, push, transport, sent, law } = spooledDelivery({ folder, opened });
  push('a');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(sent()).toEqual([]);
  expect(law()).toEqual([1, 1]);
  vi.useRealTimers();
  transport.answer({ kind: 'not_sent', error: new Error('away') });
  push('b');
  const flushed = delivery.flush();
  open();
  await flushed;
  expect(delivery).toMatchObject({ pending: 2, spooled: 2 });
  expect(linesIn(folder)).toHaveLength(2);
  expect(law()).toEqual([2, 2]);
});

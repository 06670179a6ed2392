import { expect, test } from 'vitest';
import { SerialQueue } from '../../src/common/serial-queue.js';

test('tasks run one after the other, and one that fails stops no other', async () => {
  const errors: unknown[] = [];
  const events: string[] = [];
  const queue = new SerialQueue({
    onError: (error) => errors.push(error),
    onIdle: () => events.push('idle'),
  });
  const failure = new Error('failed');
  const first = queue.run(async () => {
    events.push('first begins');
    await Promise.resolve();
    events.push('first ends');
    return 1;
  }, 0);
  const second = queue.run(() => Promise.reject(failure), 2);
  const third = queue.run(() => 3, 0);
  expect(queue.isIdle).toBe(false);

  expect(await Promise.all([first, second, third])).toEqual([1, 2, 3]);
  await queue.ended;
  expect(errors).toEqual([failure]);
  expect(events).toEqual(['first begins', 'first ends', 'idle']);
  expect(queue.isIdle).toBe(true);
});

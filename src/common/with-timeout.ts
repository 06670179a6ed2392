import { MAX_TIMER_MILLIS } from './long-timer.js';

/** Resolves with the value of a promise, which must not reject, or with `undefined` after the timeout. */
export async function withTimeout<T>(millis: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, Math.min(millis, MAX_TIMER_MILLIS), undefined);
  });
  const first = await Promise.race([promise, deadline]);
  clearTimeout(timer);
  return first;
}

import { MAX_TIMER_MILLIS } from './long-timer.js';

/**
 * Resolves with the value of a promise, which must not reject, or with `undefined` after the timeout. In the background, the timer does
 * not keep the process alive.
 */
export async function withTimeout<T>(
  millis: number,
  promise: Promise<T>,
  isBackground = false,
): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, Math.min(millis, MAX_TIMER_MILLIS), undefined);
    if (isBackground) timer.unref();
  });
  const first = await Promise.race([promise, deadline]);
  clearTimeout(timer);
  return first;
}

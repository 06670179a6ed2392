import { MAX_TIMER_MILLIS } from './long-timer.js';

/** Keeps the process alive until a promise is settled: sending hits does not. */
export async function holdEventLoop<T>(promise: Promise<T>): Promise<T> {
  const timer = setInterval(() => undefined, MAX_TIMER_MILLIS);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
  }
}

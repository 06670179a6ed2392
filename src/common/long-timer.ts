import { setTimeout as sleep } from 'node:timers/promises';

/** The longest timer that Node.js has, 24.8 days: it fires a longer one after 1 ms. */
export const MAX_TIMER_MILLIS: number = 2 ** 31 - 1;

/** Resolves when the monotonic clock (`performance.now()`) reaches a time, or the signal is aborted. */
export async function sleepUntil(dueMillis: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    const left = Math.ceil(dueMillis - performance.now());
    if (left <= 0 || signal.aborted) return;
    await sleep(Math.min(left, MAX_TIMER_MILLIS), undefined, { signal }).catch(() => undefined);
  }
}

import { isMainThread, threadId } from 'node:worker_threads';
import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { DetachedScope } from '../common/timers.js';
import type { MatomoStats } from './stats.js';

export interface StatsLog {
  /** Logs a line now. */
  log(): void;
  /** Ends the interval. */
  stop(): void;
}

/** Logs a line of JSON at the interval, and the last one at the end; without an interval, none. */
export function createStatsLog(
  intervalMillis: number | undefined,
  read: () => MatomoStats,
  diagnostics: Pick<Diagnostics, 'print'>,
): StatsLog {
  if (intervalMillis === undefined) return { log: () => undefined, stop: () => undefined };
  // Tell the processes and threads of an application apart.
  const ids = isMainThread ? { pid: process.pid } : { pid: process.pid, thread: threadId };
  const log = () => diagnostics.print(coded('stats', JSON.stringify({ ...ids, ...read() })));
  const scope = new DetachedScope('MatomoStats');
  const timer = scope.runInAsyncScope(() => setInterval(log, intervalMillis).unref());
  return { log, stop: () => clearInterval(timer) };
}

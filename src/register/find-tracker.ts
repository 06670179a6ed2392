import { findShared, TRACKER_KEY } from '../common/foreign-objects.js';
import { isThenable } from '../common/is-record.js';
import type { Context, Span } from '../common/otel-types.js';
import type { FinishedSpan } from '../request/finished-span.js';
import type { RequestFunctions } from '../request/functions.js';
import type { MatomoStats } from '../tracker/stats.js';
import type { ProcessTracker } from './process-tracker.js';

/** A handle of the tracker for `register`, `start` or a processor. Nothing here throws or rejects. */
export interface TrackerHandle {
  /** Called for every span that starts. After the shutdown, it is not tracked. */
  onStart(span: Span, parentContext: Context): void;
  /** Called for every span that ends. The request of one that started before the shutdown is counted as lost. */
  onEnd(span: FinishedSpan): void;
  /** Counts since the tracker began; `undefined` until then. */
  stats(): MatomoStats | undefined;
  forceFlush(): Promise<void>;
  /** Sends queued hits. The shutdown of the last handle also ends the tracker. */
  shutdown(): Promise<void>;
}

/** The tracker of this process or thread, of any copy of the package. */
export function findTracker(): ProcessTracker | undefined {
  return findShared<ProcessTracker>(TRACKER_KEY);
}

const nothing = () => undefined;

/** The functions for requests when nothing tracks. */
export const NO_FUNCTIONS: RequestFunctions = {
  annotate: nothing,
  measure(_key: unknown, fn: () => unknown): never {
    const result = fn();
    return (isThenable(result) ? Promise.resolve(result) : result) as never;
  },
  ignore: nothing,
  trackEvent: nothing,
  trackGoal: nothing,
  trackOrder: nothing,
  trackHit: nothing,
};

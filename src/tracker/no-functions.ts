import { isThenable } from '../common/is-record.js';
import type { RequestFunctions } from '../request/functions.js';

const nothing = () => undefined;

/** What the functions do if nothing tracks. */
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

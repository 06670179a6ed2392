import { findShared, TRACKER_KEY } from './common/foreign-objects.js';
import { isThenable } from './common/is-record.js';
import type { ProcessTracker } from './register/process-tracker.js';
import type { RequestFunctions } from './request/functions.js';

/** The tracker of this process or thread, created by any copy of the package. */
export function findTracker(): ProcessTracker | undefined {
  return findShared<ProcessTracker>(TRACKER_KEY);
}

const nothing = () => undefined;

/** The functions that apply if nothing tracks. */
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

/**
 * The functions of this package for one request, independent of the async context. Callbacks of drivers that keep
 * connections open (`redis` 3, `mysql`, pools) may run in the async context of the request that opened the connection, which may be
 * another visitor's. Call `forRequest` in the handler or in the callback. Never throws.
 *
 * Additional hits also work after the end of the request. The functions do not keep Node's request in memory. If the object leads to no
 * request, the functions do nothing (`measure` only runs its function), and one line is logged.
 *
 * @param request - Node's `IncomingMessage`, `Http2ServerRequest` or `ServerHttp2Stream`, or an object that leads to one in at most two steps
 * through `raw`, `req`, `request`, `env` or `incoming`: the request of Express, Fastify or Hapi, the context of Koa or Hono.
 * @returns Functions that need no `this`.
 * @example
 * const { trackEvent } = forRequest(request);
 * redis.get(key, (_error, value) => trackEvent('Cache', value === null ? 'miss' : 'hit'));
 */
export function forRequest(request: object): RequestFunctions {
  return findTracker()?.functions(request) ?? NO_FUNCTIONS;
}

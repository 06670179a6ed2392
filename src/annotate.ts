import { findTracker, NO_FUNCTIONS } from './for-request.js';
import type { Amount, Order } from './hit/parameters/order.js';
import type {
  HitParameters,
  PerfKey,
  TrackingParameters,
} from './hit/parameters/parameter-values.js';

/**
 * Sets tracking parameters for the hit of the current request. They take precedence over defaults and over annotations of child spans; entries of
 * `cvar` are added to the existing ones. Works anywhere in the code of a request, even if its spans are not recorded. Outside of a
 * request the function does nothing, so code that also runs in jobs can call it. After the end of the request, which is the
 * turn of the event loop after its response, the function does nothing and logs one line. Never throws.
 *
 * Callbacks of drivers that keep connections open (`redis` 3, `mysql`, pools) may run in the async context of another request. With
 * tracing, the active span identifies the right one. Without tracing, use {@link forRequest}. This applies to all functions.
 *
 * @param parameters - Tracking parameters by Matomo's names.
 * @example annotate({ action_name: 'Checkout', dimension5: 'pro', cvar: { plan: 'pro' } });
 */
export function annotate(parameters: TrackingParameters): void {
  findTracker()?.functions()?.annotate(parameters);
}

/**
 * Runs a function and adds the time it takes to a timing of the current request's page view, in whole milliseconds. A promise is
 * timed until it is settled: `measure` returns a promise with its result or error. A thenable that is not a `Promise`, such as a query
 * builder of Knex, Prisma or Mongoose, also becomes a `Promise`: it starts when it is awaited, and must not start twice. A function that is still
 * running when the request ends is not timed.
 *
 * Outside of a request the function runs without being timed, and its result is returned unchanged. See {@link annotate} for callback-style drivers.
 *
 * @param key - The timing: one of Matomo's page performance parameters. Times of several calls with one key are added up.
 * @param fn - The function to run.
 * @returns What `fn` returns.
 * @throws What `fn` throws.
 * @example const user = await measure('pf_dm1', () => loadUser(id));
 */
export function measure<T>(key: PerfKey, fn: () => PromiseLike<T>): Promise<T>;
export function measure<T>(key: PerfKey, fn: () => T): T;
export function measure<T>(key: PerfKey, fn: () => T): T {
  return (findTracker()?.functions() ?? NO_FUNCTIONS).measure(key, fn);
}

/**
 * Ignores the current request: no hit is sent for it. Never throws. Outside of a request the function does nothing. See {@link annotate} for
 * callback-style drivers.
 *
 * @example if (isInternal(user)) ignore();
 */
export function ignore(): void {
  findTracker()?.functions()?.ignore();
}

/**
 * Tracks an event in addition to the page view of the current request. Works anywhere in the code of a request and in work that it
 * started, even if the request is ignored. Outside of a request, `more` needs `uid` or `cid`. Never throws. See {@link annotate} for
 * callback-style drivers.
 *
 * @param category - Category of the event.
 * @param action - Action of the event.
 * @param more - Name and value of the event, and other tracking parameters.
 * @example trackEvent('Search', 'no results', { name: 'blue shoes', value: 0 });
 */
export function trackEvent(
  category: string,
  action: string,
  more: { name?: string | undefined; value?: Amount | undefined } & TrackingParameters = {},
): void {
  findTracker()?.functionsForHits()?.trackEvent(category, action, more);
}

/**
 * Tracks the conversion of a goal in addition to the page view of the current request. Otherwise like {@link trackEvent}.
 *
 * @param goal - ID of the goal in Matomo.
 * @param more - The revenue, and other tracking parameters. Without a revenue, Matomo uses that of the goal.
 * @example trackGoal(3, { revenue: 19.5 });
 */
export function trackGoal(goal: number, more: TrackingParameters = {}): void {
  findTracker()?.functionsForHits()?.trackGoal(goal, more);
}

/**
 * Tracks an order in addition to the page view of the current request. Otherwise like {@link trackEvent}.
 *
 * @param order - The order. Matomo stores each order ID once. Items that Matomo cannot store are dropped, and a warning is logged.
 * @param more - Other tracking parameters.
 * @example trackOrder({ id: 'A-1042', revenue: 59.9, tax: 9.57, items: [{ sku: 'mug', price: 25.165, quantity: 2 }] });
 */
export function trackOrder(order: Order, more: TrackingParameters = {}): void {
  findTracker()?.functionsForHits()?.trackOrder(order, more);
}

/**
 * Tracks any other hit in addition to the page view of the current request: a download, an outlink, a site search, content.
 * Otherwise like {@link trackEvent}.
 *
 * @param parameters - Tracking parameters by Matomo's names, at least one of {@link HitParameters}.
 * @example trackHit({ download: 'https://example.org/report.pdf' });
 */
export function trackHit(parameters: HitParameters): void {
  findTracker()?.functionsForHits()?.trackHit(parameters);
}

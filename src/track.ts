import { activeSpan } from './common/otel-global.js';
import { type Order, toOrderItems } from './hit/order.js';
import { isPerfKey, type PerfKey, type TrackingParameters } from './hit/parameter-names.js';
import { currentRequest, type Notes, notesFor, notesOf } from './requests/captured-requests.js';
import { giveHit, refuseHit, reportHit } from './requests/give-hit.js';
import { addTiming } from './requests/request-record.js';

/**
 * Sets tracking parameters of the hit of the current request, by Matomo's names; `cvar` entries add up.
 * They win over the defaults and over what spans below the server span say. Works at any depth of the request,
 * also when its spans are not recorded, and as long as the hit has not left. Never throws; outside of a request
 * it does nothing.
 *
 * @example track({ action_name: 'Checkout', dimension3: 'pro', cvar: { plan: 'pro' } });
 */
export function track(parameters: TrackingParameters): void {
  try {
    const { cvar, ...others } = parameters;
    for (const notes of currentNotes()) {
      notes.parameters = addTo(notes.parameters, others);
      if (isRecord(cvar)) notes.cvar = addTo(notes.cvar, cvar);
    }
  } catch {
    // What cannot be read as parameters is none.
  }
}

/**
 * Runs `fn` and makes the time it took one of the timings of the current request's page view, in whole
 * milliseconds; several measures with one key add up. A promise is timed until it settles. What `fn` returns
 * or throws comes through unchanged, and is timed either way; only a thenable that is no `Promise` (the query
 * builders of Knex, Prisma or Mongoose, which start when awaited) comes back as a `Promise` of its result, so
 * that it starts once. Outside of a request `fn` just runs.
 *
 * @example const user = await measure('pf_srv', () => loadUser(id));
 */
export function measure<T>(key: PerfKey, fn: () => T): T {
  const stop = startTiming(key);
  let result: T;
  try {
    result = fn();
  } catch (error) {
    stop();
    throw error;
  }
  if (result instanceof Promise) {
    result.then(stop, stop);
    return result;
  }
  if (isThenable(result)) {
    return Promise.resolve(result).finally(stop) as T;
  }
  stop();
  return result;
}

/** Leaves the current request out: it makes no hit. Never throws; outside of a request it does nothing. */
export function ignore(): void {
  for (const notes of currentNotes()) notes.ignored = true;
}

/**
 * Tracks an event besides the page view of the current request. Never throws. Works at any depth of the request, in
 * requests that are ignored, and in what a request has started; outside of a request `more` needs `uid` or `cid`.
 *
 * @example trackEvent('Search', 'no results', { name: 'blue shoes', value: 0 });
 */
export function trackEvent(
  category: string,
  action: string,
  more: { name?: string; value?: number } & TrackingParameters = {},
): void {
  send('trackEvent', () => {
    const { name, value, ...others } = more;
    if (isBlank(category) || isBlank(action)) return 'an event needs a category and an action';
    return without({ e_n: name, e_v: value, ...others, e_c: category, e_a: action });
  });
}

/**
 * Tracks the conversion of a goal of the site besides the page view of the current request. Without a revenue Matomo takes
 * that of the goal. Otherwise like {@link trackEvent}.
 *
 * @example trackGoal(3, { revenue: 19.5 });
 */
export function trackGoal(
  goal: number,
  more: { revenue?: number } & TrackingParameters = {},
): void {
  send('trackGoal', () => {
    if (!Number.isInteger(goal) || goal < 1) return 'a goal is a positive whole number';
    const { revenue } = more;
    if (revenue !== undefined && !Number.isFinite(revenue)) return 'the revenue is not a number';
    return without({ ...more, idgoal: goal });
  });
}

/**
 * Tracks an order besides the page view of the current request. Matomo stores each order ID once. Items that it cannot store
 * are left out. Otherwise like {@link trackEvent}.
 *
 * @example trackOrder({ id: 'A-1042', revenue: 59.9, tax: 9.57, items: [{ sku: 'mug', price: 25.165, quantity: 2 }] });
 */
export function trackOrder(order: Order, more: TrackingParameters = {}): void {
  send('trackOrder', () => {
    const { id, revenue, subtotal, tax, shipping, discount, items } = order;
    if (isBlank(id)) return 'an order needs an id';
    if (!Number.isFinite(revenue)) return 'the revenue of an order is not a number';
    const amounts = { ec_st: subtotal, ec_tx: tax, ec_sh: shipping, ec_dt: discount };
    const lines = items === undefined ? undefined : toOrderItems(items);
    for (const problem of lines?.problems ?? []) {
      reportHit(
        `order ${problem}`,
        `An order has what Matomo cannot store: ${problem}. That was left out, and the order is sent. Correct it.`,
      );
    }
    const ec_items = lines?.text;
    return without({ ...amounts, ec_items, ...more, idgoal: 0, ec_id: id, revenue });
  });
}

/**
 * Tracks anything else besides the page view of the current request: a download, an outlink, a site search, content. Otherwise
 * like {@link trackEvent}.
 *
 * @example trackHit({ download: 'https://example.org/report.pdf' });
 */
export function trackHit(parameters: TrackingParameters): void {
  send('trackHit', () => (isRecord(parameters) ? without(parameters) : 'no parameters were given'));
}

/** Hands on what `read` makes of a call, or the reason why that is nothing. */
function send(name: string, read: () => Record<string, unknown> | string): void {
  try {
    const parameters = read();
    if (typeof parameters === 'string') {
      refuseHit(name, `${name}: ${parameters}. The call was dropped. Correct it.`);
    } else giveHit(parameters);
  } catch {
    refuseHit(name, `${name}: the arguments cannot be read. The call was dropped. Correct it.`);
  }
}

/** A copy without what is not given. */
function without(parameters: object): Record<string, unknown> {
  const given: Record<string, unknown> = Object.create(null);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) given[name] = value;
  }
  return given;
}

function isBlank(text: unknown): boolean {
  return (typeof text !== 'string' && typeof text !== 'number') || String(text).trim() === '';
}

function startTiming(key: PerfKey): () => void {
  const notesOfRequest = isPerfKey(key) ? currentNotes() : [];
  for (const notes of notesOfRequest) notes.running += 1;
  const start = performance.now();
  return function stop() {
    const millis = performance.now() - start;
    for (const notes of notesOfRequest) {
      notes.running -= 1;
      addTiming(notes, key, millis);
    }
  };
}

function currentNotes(): Notes[] {
  try {
    const captured = currentRequest();
    if (captured) return [notesFor(captured)];
    const span = activeSpan();
    return span ? notesOf(span) : [];
  } catch {
    return [];
  }
}

/** Adds in place: a copy for each call of `track` would take time by the square of their number. */
function addTo(
  known: Record<string, unknown> | undefined,
  added: Record<string, unknown>,
): Record<string, unknown> {
  return Object.assign(known ?? Object.create(null), added);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

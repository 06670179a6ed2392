import { activeSpan } from './common/otel-global.js';
import { type Order, toOrderItems } from './hit/order.js';
import { isPerfKey, type PerfKey, type TrackingParameters } from './hit/parameter-names.js';
import { currentRequest, type Notes, notesFor, notesOf } from './requests/captured-requests.js';
import { giveHit, refuseHit, reportHit } from './requests/give-hit.js';
import { addTiming } from './requests/request-record.js';

/**
 * Sets tracking parameters for the hit of the current request. They win over defaults and over what child spans set; entries of
 * `cvar` are added to the existing ones. Works anywhere in the code of a request, even if its spans are not recorded, until the hit
 * is sent. Never throws. Outside of a request it does nothing.
 *
 * @param parameters - Tracking parameters by Matomo's names.
 * @example annotate({ action_name: 'Checkout', dimension3: 'pro', cvar: { plan: 'pro' } });
 */
export function annotate(parameters: TrackingParameters): void {
  try {
    const { cvar, ...others } = parameters;
    for (const notes of currentNotes()) {
      notes.parameters = addTo(notes.parameters, others);
      if (isRecord(cvar)) notes.cvar = addTo(notes.cvar, cvar);
    }
  } catch {
    // Unreadable parameters are ignored.
  }
}

/**
 * Runs a function and adds the time it takes to a timing of the current request's page view, in whole milliseconds. A promise is
 * timed until it is settled. The result or error of the function is passed on.
 *
 * A thenable that is no `Promise`, such as a query builder of Knex, Prisma or Mongoose, is returned as a `Promise` of its result:
 * it starts when it is awaited, and must not start twice. Outside of a request the function just runs.
 *
 * @param key - The timing: one of Matomo's page performance parameters. Several calls with one key add up.
 * @param fn - The function to run.
 * @returns What `fn` returns.
 * @throws What `fn` throws.
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

/**
 * Ignores the current request: it makes no hit. Never throws. Outside of a request it does nothing.
 *
 * @example if (isInternal(user)) ignore();
 */
export function ignore(): void {
  for (const notes of currentNotes()) notes.ignored = true;
}

/**
 * Tracks an event in addition to the page view of the current request. Works anywhere in the code of a request and in work that it
 * started, even if the request is ignored. Outside of a request, `more` needs `uid` or `cid`. Never throws.
 *
 * @param category - Category of the event.
 * @param action - Action of the event.
 * @param more - Name and value of the event, and other tracking parameters.
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
 * Tracks the conversion of a goal in addition to the page view of the current request. Otherwise like {@link trackEvent}.
 *
 * @param goal - ID of the goal in Matomo.
 * @param more - The revenue, and other tracking parameters. Without a revenue, Matomo uses that of the goal.
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
 * Tracks an order in addition to the page view of the current request. Otherwise like {@link trackEvent}.
 *
 * @param order - The order. Matomo stores each order ID once. Items that Matomo cannot store are dropped, and a warning is logged.
 * @param more - Other tracking parameters.
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
 * Tracks any other hit in addition to the page view of the current request: a download, an outlink, a site search, content.
 * Otherwise like {@link trackEvent}.
 *
 * @param parameters - Tracking parameters by Matomo's names.
 * @example trackHit({ download: 'https://example.org/report.pdf' });
 */
export function trackHit(parameters: TrackingParameters): void {
  send('trackHit', () => (isRecord(parameters) ? without(parameters) : 'no parameters were given'));
}

/** Passes on the parameters that `read` returns. If it returns a text, that is the reason why there is no hit. */
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

/** A copy without properties that are `undefined`. */
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

/** Modifies `known`: a copy for each call of `annotate` would take quadratic time. */
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

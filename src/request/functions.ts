import { describeError } from '../common/describe-error.js';
import { isRecord, isThenable } from '../common/is-record.js';
import { addTiming } from '../hit/http-request.js';
import { type Amount, type Order, readOrder } from '../hit/parameters/order.js';
import {
  type HitParameters,
  isPerfKey,
  PERF_KEYS,
  type PerfKey,
  type TrackingParameters,
} from '../hit/parameters/parameter-values.js';
import { readNumber } from '../hit/parameters/read-values.js';
import type { Request } from './request.js';
import type { Tracker } from './tracker.js';

/**
 * The functions of this package for one request, independent of the async context. Each function does the same as the function of the package
 * with its name. The functions do not use `this`.
 */
export interface RequestFunctions {
  /** Sets tracking parameters for the hit of the request. */
  annotate(parameters: TrackingParameters): void;
  /** Adds the time that a function takes to a timing of the request's page view. */
  measure<T>(key: PerfKey, fn: () => PromiseLike<T>): Promise<T>;
  measure<T>(key: PerfKey, fn: () => T): T;
  /** Ignores the request: no hit is sent for it. */
  ignore(): void;
  /** Tracks an event in addition to the request's page view. */
  trackEvent(
    category: string,
    action: string,
    more?: { name?: string | undefined; value?: Amount | undefined } & TrackingParameters,
  ): void;
  /** Tracks the conversion of a goal in addition to the request's page view. */
  trackGoal(goal: number, more?: TrackingParameters): void;
  /** Tracks an order in addition to the request's page view. */
  trackOrder(order: Order, more?: TrackingParameters): void;
  /** Tracks any other hit in addition to the request's page view. */
  trackHit(parameters: HitParameters): void;
}

/**
 * The request to which calls belong; `undefined` if no request is in progress, `missing` if the application named a request that does not
 * exist, `unknown` if nothing is known about the request.
 */
export type FoundRequest = Request | 'missing' | 'unknown' | undefined;

/**
 * The functions for the request that `find` returns at each call. Only
 * the function that the application passes to `measure` can throw.
 */
export function createRequestFunctions(
  tracker: Pick<Tracker, 'addHit' | 'refuseHit' | 'reportHit'>,
  find: () => FoundRequest,
): RequestFunctions {
  function findOpen(name?: 'annotate' | 'ignore'): Request | undefined {
    const request = find();
    if (request === undefined || typeof request === 'string') return undefined;
    if (!request.isEnded) return request;
    if (name) tracker.reportHit('late', describeLate(name), 'annotated-too-late');
    return undefined;
  }

  /**
   * Adds a hit with the parameters that `read` returns. If `read`
   * returns a string, it is the reason for which there is no hit.
   */
  function send(name: string, read: () => Record<string, unknown> | string): void {
    try {
      const parameters = read();
      const request = find();
      if (typeof parameters === 'string') {
        tracker.refuseHit(
          `${name} ${parameters}`,
          `${name}: ${parameters}. The call was dropped. Correct it.`,
        );
      } else if (request === 'missing') tracker.refuseHit('forRequest', NO_REQUEST);
      else tracker.addHit({ parameters, epochMillis: Date.now() }, request);
    } catch (error) {
      tracker.refuseHit(
        `${name} read`,
        `${name}: the arguments cannot be read (${describeError(error)}). The call was dropped. Correct it.`,
      );
    }
  }

  function startTiming(key: PerfKey): (() => void) | undefined {
    const request = findOpen();
    if (!request) return undefined;
    if (!isPerfKey(key)) {
      tracker.reportHit('measure key', UNKNOWN_TIMING);
      return undefined;
    }
    const additions = request.ensureAdditions();
    const start = performance.now();
    return () => addTiming(additions, key, performance.now() - start);
  }

  function measure<T>(key: PerfKey, fn: () => PromiseLike<T>): Promise<T>;
  function measure<T>(key: PerfKey, fn: () => T): T;
  function measure(key: PerfKey, fn: () => unknown): unknown {
    const stop = startTiming(key);
    let result: unknown;
    try {
      result = fn();
    } catch (error) {
      stop?.();
      throw error;
    }
    if (isThenable(result)) {
      const promise = Promise.resolve(result);
      // Returns the derived promise. If the application got the original one, a rejection of the derived one would be unhandled.
      return stop ? promise.finally(stop) : promise;
    }
    stop?.();
    return result;
  }

  return {
    annotate(parameters) {
      try {
        const request = findOpen('annotate');
        if (!request) return;
        if (!isRecord(parameters)) {
          tracker.reportHit('annotate', NO_PARAMETERS);
          return;
        }
        const { cvar, ...others } = parameters;
        if (cvar !== undefined && !isRecord(cvar)) tracker.reportHit('annotate cvar', CVAR_INVALID);
        const additions = request.ensureAdditions();
        additions.parameters = addTo(additions.parameters, others);
        if (isRecord(cvar)) additions.cvar = addTo(additions.cvar, cvar);
      } catch {
        tracker.reportHit('annotate', NO_PARAMETERS);
      }
    },

    measure,

    ignore() {
      const request = findOpen('ignore');
      if (request) request.ensureAdditions().ignored = true;
    },

    trackEvent(category, action, more = {}) {
      send('trackEvent', () => {
        const { name, value, ...others } = readMore(tracker, more, SIGNATURES.trackEvent);
        if (isEmpty(category) || isEmpty(action)) return 'an event needs a category and an action';
        return merge({ e_n: name, e_v: value }, others, { e_c: category, e_a: action });
      });
    },

    trackGoal(goal, more: unknown = {}) {
      send('trackGoal', () => {
        const idgoal = readNumber(goal);
        if (!Number.isInteger(idgoal) || idgoal < 1) return 'a goal is a positive whole number';
        // In Matomo's JavaScript tracker, the second argument is the revenue, so a number is accepted, too.
        const revenue = readNumber(more);
        if (Number.isFinite(revenue)) return { idgoal, revenue };
        const others = readMore(tracker, more, SIGNATURES.trackGoal);
        if (others.revenue === undefined) return merge(others, { idgoal });
        const ofGoal = readNumber(others.revenue);
        if (!Number.isFinite(ofGoal)) return 'the revenue is not a number such as 9.99 or "9.99"';
        return merge(others, { idgoal, revenue: ofGoal });
      });
    },

    trackOrder(order, more = {}) {
      send('trackOrder', () => {
        if (!isRecord(order)) return `call it as ${SIGNATURES.trackOrder}`;
        if (isBlank(order.id)) return 'an order needs an id';
        const read = readOrder(order);
        if (typeof read === 'string') return read;
        for (const problem of read.problems) {
          tracker.reportHit(
            `order ${problem}`,
            `An order has ${problem}. That was left out, and the order is sent. Correct it.`,
          );
        }
        const { idgoal, ec_id, revenue, ...others } = read.parameters;
        return merge(others, readMore(tracker, more, SIGNATURES.trackOrder), {
          idgoal,
          ec_id,
          revenue,
        });
      });
    },

    trackHit(parameters) {
      send('trackHit', () =>
        isRecord(parameters) ? merge(parameters) : 'it needs tracking parameters',
      );
    },
  };
}

/** The message if `forRequest` gets an object that leads to no request. */
export const NO_REQUEST: string =
  'forRequest: the object leads to no request to a server of this process. Calls for it do nothing. ' +
  "Pass Node's request, or the request or context of Express, Fastify, Koa, Hapi or Hono.";

function describeLate(name: string): string {
  return `${name}: the request has ended. The call has no effect, and neither have further ones after the end of their request. Call it before the response ends.`;
}

const NO_PARAMETERS =
  'annotate: the argument is not an object of tracking parameters. It is ignored. Call it as annotate({ action_name, … }).';
const CVAR_INVALID =
  'annotate: "cvar" must be an object of custom variables by name. It is left out. Write it as { cvar: { plan: "pro" } }.';
const UNKNOWN_TIMING = `measure: the first argument is not a timing. Nothing is measured; the function runs. Use one of ${PERF_KEYS.join(', ')}.`;

const SIGNATURES = {
  trackEvent: 'trackEvent(category, action, { name, value })',
  trackGoal: 'trackGoal(goal, { revenue })',
  trackOrder: 'trackOrder({ id, revenue, … }, { … })',
};

/** Further parameters of a call. Anything but an object is reported, and the hit is sent without it. */
function readMore(
  tracker: Pick<Tracker, 'reportHit'>,
  more: unknown,
  signature: string,
): Record<string, unknown> {
  if (isRecord(more)) return more;
  if (more !== undefined && more !== null) {
    const text =
      'An argument is not an object of tracking parameters. It is left out, and the hit is sent.';
    tracker.reportHit(signature, `${signature}: ${text} Call it like this.`);
  }
  return {};
}

/** Merges layers into a copy, the strongest last. Properties that are `undefined` are skipped. */
function merge(...layers: object[]): Record<string, unknown> {
  return layers.reduce<Record<string, unknown>>(addTo, Object.create(null));
}

function isBlank(text: unknown): boolean {
  const isText = typeof text === 'string' || typeof text === 'bigint' || Number.isFinite(text);
  return !isText || String(text).trim() === '';
}

/** Whether Matomo treats a text as empty, like `0`. */
function isEmpty(text: unknown): boolean {
  return isBlank(text) || String(text).trim() === '0';
}

/** Mutates `known`, because copying for each call of `annotate` would take quadratic time. */
function addTo(known: Record<string, unknown> | undefined, added: object): Record<string, unknown> {
  const sum: Record<string, unknown> = known ?? Object.create(null);
  for (const [name, value] of Object.entries(added)) if (value !== undefined) sum[name] = value;
  return sum;
}

import { describeError } from '../common/describe-error.js';
import { isRecord, isThenable } from '../common/is-record.js';
import { startOffer } from '../common/start-hook.js';
import type { FurtherHit, McpCall } from '../hit/further-hit.js';
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
import { type CallTarget, type HitTaker, hitTakers, requestsOf } from './captured-requests.js';
import { HIT_EVENT, toEventAttributes } from './matomo-attributes.js';
import { isClosed, type Request } from './request.js';

/**
 * The functions of this package for one request, whatever async context they are called in. Each does the same as the function of
 * the package with its name. They do not use `this`.
 */
export interface RequestFunctions {
  /** Sets tracking parameters for the hit of the request. */
  annotate(parameters: TrackingParameters): void;
  /** Adds the time that a function takes to a timing of the request's page view. */
  measure<T>(key: PerfKey, fn: () => PromiseLike<T>): Promise<T>;
  measure<T>(key: PerfKey, fn: () => T): T;
  /** Ignores the request: it makes no hit. */
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

/** The functions for the target that `find` returns at each call; `undefined` if there is no such request, which was logged. */
export function createRequestFunctions(find: () => CallTarget | undefined): RequestFunctions {
  function findRequests(): Request[] {
    try {
      const target = find();
      return target ? requestsOf(target) : [];
    } catch {
      return [];
    }
  }

  /** Passes on the parameters that `read` returns. If it returns a text, that is the reason why there is no hit. */
  function send(name: string, read: () => Record<string, unknown> | string): void {
    try {
      const parameters = read();
      const target = find();
      if (typeof parameters === 'string') {
        refuseHit(
          `${name} ${parameters}`,
          `${name}: ${parameters}. The call was dropped. Correct it.`,
        );
      } else if (target) giveHit(parameters, target);
      else refuseHit('forRequest', NO_REQUEST);
    } catch {
      refuseHit(
        `${name} read`,
        `${name}: the arguments cannot be read. The call was dropped. Correct it.`,
      );
    }
  }

  function startTiming(key: PerfKey): (() => void) | undefined {
    const requests = findRequests();
    if (requests.length === 0) return undefined;
    if (!isPerfKey(key)) {
      reportHit('measure key', UNKNOWN_TIMING);
      return undefined;
    }
    const additions = requests.map((request) => request.ensureAdditions());
    const start = performance.now();
    return function stop() {
      const millis = performance.now() - start;
      for (const each of additions) addTiming(each, key, millis);
    };
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
      // Only the derived promise is returned: if nothing handles its rejection, Node.js reports it.
      return stop ? promise.finally(stop) : promise;
    }
    stop?.();
    return result;
  }

  return {
    annotate(parameters) {
      try {
        const requests = findRequests();
        if (requests.length === 0) return;
        if (!isRecord(parameters)) {
          reportHit('annotate', NO_PARAMETERS);
          return;
        }
        const { cvar, ...others } = parameters;
        if (cvar !== undefined && !isRecord(cvar)) reportHit('annotate cvar', CVAR_INVALID);
        for (const request of requests) {
          if (isClosed(request)) {
            reportHit('annotate late', ANNOTATED_LATE);
            continue;
          }
          const additions = request.ensureAdditions();
          additions.parameters = addTo(additions.parameters, others);
          if (isRecord(cvar)) additions.cvar = addTo(additions.cvar, cvar);
        }
      } catch {
        reportHit('annotate', NO_PARAMETERS);
      }
    },

    measure,

    ignore() {
      for (const request of findRequests()) request.ensureAdditions().ignored = true;
    },

    trackEvent(category, action, more = {}) {
      send('trackEvent', () => {
        const { name, value, ...others } = readMore(more, SIGNATURES.trackEvent);
        if (isEmpty(category) || isEmpty(action)) return 'an event needs a category and an action';
        return merge({ e_n: name, e_v: value }, others, { e_c: category, e_a: action });
      });
    },

    trackGoal(goal, more: unknown = {}) {
      send('trackGoal', () => {
        const idgoal = readNumber(goal);
        if (!Number.isInteger(idgoal) || idgoal < 1) return 'a goal is a positive whole number';
        // Matomo's JavaScript tracker takes the revenue as an argument.
        const revenue = readNumber(more);
        if (Number.isFinite(revenue)) return { idgoal, revenue };
        const others = readMore(more, SIGNATURES.trackGoal);
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
          reportHit(
            `order ${problem}`,
            `An order has ${problem}. That was left out, and the order is sent. Correct it.`,
          );
        }
        const { idgoal, ec_id, revenue, ...others } = read.parameters;
        return merge(others, readMore(more, SIGNATURES.trackOrder), { idgoal, ec_id, revenue });
      });
    },

    trackHit(parameters) {
      send('trackHit', () =>
        isRecord(parameters) ? merge(parameters) : 'it needs tracking parameters',
      );
    },
  };
}

/** Logged if `forRequest` gets something else. */
export const NO_REQUEST: string =
  'forRequest: the object leads to no request to a server of this process. Calls for it do nothing. ' +
  "Pass Node's request, or the request or context of Express, Fastify, Koa, Hapi or Hono.";

const ANNOTATED_LATE =
  'annotate: the hit of the request has been built already. The parameters are dropped. Call it before the response ends.';

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

/** The parameters beside those that a function has itself. Anything else is reported, and the hit is sent without it. */
function readMore(more: unknown, signature: string): Record<string, unknown> {
  if (isRecord(more)) return more;
  if (more !== undefined && more !== null) {
    const text =
      'An argument is not an object of tracking parameters. It is left out, and the hit is sent.';
    reportHit(signature, `${signature}: ${text} Call it like this.`);
  }
  return {};
}

/** A copy of all layers, the last one strongest. A property that is `undefined` is not set. */
function merge(...layers: object[]): Record<string, unknown> {
  return layers.reduce<Record<string, unknown>>(addTo, Object.create(null));
}

function isBlank(text: unknown): boolean {
  const isText = typeof text === 'string' || typeof text === 'bigint' || Number.isFinite(text);
  return !isText || String(text).trim() === '';
}

/** Matomo treats `0` as empty. */
function isEmpty(text: unknown): boolean {
  return isBlank(text) || String(text).trim() === '0';
}

/** Modifies `known`: a copy for each call of `annotate` would take quadratic time. */
function addTo(known: Record<string, unknown> | undefined, added: object): Record<string, unknown> {
  const sum: Record<string, unknown> = known ?? Object.create(null);
  for (const [name, value] of Object.entries(added)) if (value !== undefined) sum[name] = value;
  return sum;
}

/** Passes a hit to every processor. If there are only exporters, adds it to the span if that is recorded. Never throws. */
function giveHit(parameters: Readonly<Record<string, unknown>>, target: CallTarget): void {
  const { span } = target;
  try {
    if (hitTakers().readEvents && span?.isRecording()) {
      span.addEvent(HIT_EVENT, toEventAttributes(parameters));
      return;
    }
  } catch {
    // The tracer is not of an OpenTelemetry SDK.
  }
  offer({ parameters, epochMillis: Date.now() }, target);
}

/** Passes a call of an MCP server, which is of no request, to everything that makes hits. Never throws. */
export function giveCall(visitor: Readonly<Record<string, unknown>>, call: McpCall): void {
  const epochMillis = Date.now() - call.durationMillis;
  offer({ parameters: visitor, epochMillis, call }, { announced: undefined, span: undefined });
}

/** A hit with a value that throws when it is read is counted, too. */
function offer(hit: FurtherHit, { announced, span }: CallTarget): void {
  forEachTaker((taker) => {
    try {
      taker.takeHit(hit, announced, span);
    } catch (error) {
      const text = `A hit cannot be read (${describeError(error)}). It was dropped. Correct its parameters.`;
      taker.reports.refuseHit('hit', text);
    }
  });
}

/** Lets everything that makes hits count and log a call that makes none. Never throws. */
function refuseHit(key: string, message: string): void {
  forEachTaker(({ reports }) => reports.refuseHit(key, message));
}

/** Lets everything that makes hits log that part of a hit was dropped. Never throws. */
export function reportHit(key: string, message: string): void {
  forEachTaker(({ reports }) => reports.reportHit(key, message));
}

/** Starts `register` if nothing makes hits yet: a queue worker or a cron job never serves. */
function forEachTaker(give: (taker: HitTaker) => void): void {
  const [taker] = hitTakers().takers;
  if (!taker) startOffer()?.serve();
  for (const taker of hitTakers().takers) {
    try {
      give(taker);
    } catch {
      // If one processor fails, of any copy, the others still get the hit.
    }
  }
}

import { activeSpan } from './common/otel-global.js';
import { isPerfKey, type PerfKey, type TrackingParameters } from './hit/parameter-names.js';
import { currentRequest, type Notes, notesFor, notesOf } from './requests/captured-requests.js';
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

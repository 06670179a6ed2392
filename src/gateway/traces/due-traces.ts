import { type DueOf, WaitingTrace } from '../../requests/group-spans.js';
import type { ReceivedSpan } from '../otlp/received-span.js';

export const TICK_MILLIS = 100;

/** How long spans wait for their request, longer than most requests take. */
const REQUEST_MILLIS = 300_000;
/** How many times longer a nested request waits for the outer one, whose SERVER span ends later. */
const OUTER_GRACES = 15;
/** Grouping many spans is slow, so traces of many spans are due less often. */
const SPANS_A_MILLI = 50;

/**
 * When spans have waited long enough: a request for the spans below it (`graceMillis`, or longer for the request around it), other spans
 * for their request. `assembler.ts` says how many may wait, and what happens with more.
 */
export function createDueOf(graceMillis: number): DueOf<ReceivedSpan> {
  const requestMillis = Math.max(REQUEST_MILLIS, graceMillis);
  return ({ root, isAncestorMissing, newestMillis }) => {
    if (!isAncestorMissing) return (root?.arrivedMillis ?? newestMillis) + graceMillis;
    return root ? root.arrivedMillis + graceMillis * OUTER_GRACES : newestMillis + requestMillis;
  };
}

/** No tick. */
const NEVER = -1;

/** A trace, and the tick in which it is due. */
export class PlannedTrace extends WaitingTrace<ReceivedSpan> {
  tick: number = NEVER;
}

/** Traces by the tick in which they are due: those that wait longer cost nothing until then. */
export class DueTraces {
  readonly #byTick = new Map<number, Set<PlannedTrace>>();

  /** Plans a trace, or plans it anew. */
  plan(trace: PlannedTrace): void {
    const tick = Math.ceil(trace.dueMillis / TICK_MILLIS);
    if (tick === trace.tick) return;
    this.remove(trace);
    trace.tick = tick;
    const others = this.#byTick.get(tick);
    if (others) others.add(trace);
    else this.#byTick.set(tick, new Set([trace]));
  }

  /** Plans a trace some of whose spans were taken. */
  planRest(trace: PlannedTrace, nowMillis: number): void {
    const pauseMillis = Math.ceil(trace.size / SPANS_A_MILLI);
    trace.dueMillis = Math.max(trace.dueMillis, nowMillis + pauseMillis);
    this.plan(trace);
  }

  remove(trace: PlannedTrace): void {
    this.#byTick.get(trace.tick)?.delete(trace);
    trace.tick = NEVER;
  }

  /** Removes the traces that are due. Any of them may be planned again meanwhile. */
  *take(nowMillis: number): Iterable<PlannedTrace> {
    for (const [tick, traces] of this.#byTick) {
      if (tick * TICK_MILLIS > nowMillis) continue;
      this.#byTick.delete(tick);
      for (const trace of traces) {
        trace.tick = NEVER;
        yield trace;
      }
    }
  }
}

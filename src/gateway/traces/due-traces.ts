import { WaitingTrace } from '../../requests/group-spans.js';
import type { ReceivedSpan } from '../otlp/received-span.js';

export const TICK_MILLIS = 100;

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

import { NEVER, type WaitingTrace } from './waiting-trace.js';

export const TICK_MILLIS = 100;

/** Traces by the tick in which they are due, so that traces that are not due cost nothing. */
export class DueTraces {
  readonly #ofTick = new Map<number, Set<WaitingTrace>>();

  /** Plans the tick of a trace, and replaces an earlier plan. */
  plan(trace: WaitingTrace): void {
    const tick = Math.ceil(trace.dueMillis / TICK_MILLIS);
    if (tick === trace.plannedTick) return;
    this.remove(trace);
    const ofTick = this.#ofTick.get(tick);
    if (ofTick) ofTick.add(trace);
    else this.#ofTick.set(tick, new Set([trace]));
    trace.plannedTick = tick;
  }

  remove(trace: WaitingTrace): void {
    if (trace.plannedTick === NEVER) return;
    this.#ofTick.get(trace.plannedTick)?.delete(trace);
    trace.plannedTick = NEVER;
  }

  /** Removes and returns the traces that are due. */
  takeDue(nowMillis: number): WaitingTrace[] {
    const due: WaitingTrace[] = [];
    for (const [tick, traces] of this.#ofTick) {
      if (tick * TICK_MILLIS > nowMillis) continue;
      for (const trace of traces) due.push(trace);
      this.#ofTick.delete(tick);
    }
    for (const trace of due) trace.plannedTick = NEVER;
    return due;
  }
}

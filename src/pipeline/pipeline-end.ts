import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { atExit, atSignals, isExiting, isKilledBySigterm } from '../common/signals-and-exit.js';
import type { Delivery } from '../delivery/delivery.js';
import type { StatsLog } from './stats.js';

const SIGNAL_NOT_HANDLED =
  'exitFlush is set, but nothing handles SIGTERM. The signal ends the process at once, and queued hits are lost. Call shutdown() in a handler of SIGTERM and SIGINT, or load opentelemetry-matomo/register.';
const LISTENER_REMOVED =
  'The application removed the listener of opentelemetry-matomo for SIGTERM. The signal ends the process at once, and queued hits are lost. Remove only listeners of the application.';

interface PipelineEndParts {
  readonly exitFlush: boolean | undefined;
  readonly diagnostics: Diagnostics;
  readonly delivery: Delivery;
  readonly statsLog: StatsLog;
  /** Queues hits that wait for something else. */
  readonly endPending: () => void;
}

/**
 * What happens to a pipeline at its end. The exit flush is on if `exitFlush` is `true`, and from `flushAtEnd` on if it is not set.
 *
 * |                    | `open`                                               | `kept for exit`   | `ended`                     |
 * |--------------------|------------------------------------------------------|-------------------|-----------------------------|
 * | a hit              | is sent                                              | is sent at `exit` | exit flush: `kept for exit` |
 * | a signal           | as in signals-and-exit.ts, after `flushAtEnd`        | is ignored        | is ignored                  |
 * | `shutdown` is done | exit flush, hits left: `kept for exit`; else `ended` | the same          | the same                    |
 * | `exit`             | exit flush: sends, else counts losses; `ended`       | the same          | nothing to do               |
 * | a hit after that   |                                                      |                   | exit flush: is sent at once |
 *
 * From `shutdown` on, `Delivery.keepsForExit` decides whether a hit is kept or lost. With the exit flush, a last line of stats counts it.
 */
export class PipelineEnd {
  readonly #parts: PipelineEndParts;
  #hasExitFlush: boolean | undefined;
  #isFinishing = false;
  #state: 'open' | 'kept for exit' | 'ended' = 'open';
  /** Called before the last hits are sent: adds requests whose responses are open. */
  endOpenRequests: () => void = () => undefined;
  #leaveExit = atExit(() => this.#finish());
  #leaveSignals: (() => void) | undefined;

  constructor(parts: PipelineEndParts) {
    this.#parts = parts;
    this.#hasExitFlush = parts.exitFlush;
    parts.delivery.keepsForExit = parts.exitFlush === true;
  }

  /** Also sends hits at signals and, unless `exitFlush` is off, at `exit`. `shutdown` is that of the processor. */
  flushAtEnd(shutdown: () => Promise<void>): void {
    const { delivery, endPending } = this.#parts;
    if (this.#state === 'open')
      this.#leaveSignals ??= atSignals({
        expectEnd: () => delivery.expectEnd(),
        hurry: () => {
          endPending();
          delivery.hurry();
        },
        shutdown,
        finish: () => this.#finish(),
      });
    this.#hasExitFlush ??= true;
    delivery.keepsForExit = this.#hasExitFlush;
  }

  beforeHit(isFirst: boolean): void {
    if (!this.#hasExitFlush) return;
    if (this.#state === 'ended') {
      this.#state = 'kept for exit';
      this.#leaveExit = atExit(() => this.#finish());
    }
    // By the first hit, an application has installed its handlers.
    if (isFirst && isKilledBySigterm()) {
      const text = this.#leaveSignals ? LISTENER_REMOVED : SIGNAL_NOT_HANDLED;
      this.#parts.diagnostics.warnOnce('signal', coded('signal-not-handled', text));
    }
  }

  /** Nothing of this package runs after a listener of `exit` that tracks a hit: it is sent at once. */
  afterHit(): void {
    if (this.#hasExitFlush && !this.#isFinishing && isExiting()) this.#finish();
  }

  async shutdown(deadlineMillis: number): Promise<void> {
    const { delivery, statsLog, endPending } = this.#parts;
    this.endOpenRequests();
    endPending();
    await delivery.shutdown(deadlineMillis);
    this.#leaveSignals?.();
    this.#leaveSignals = undefined;
    statsLog.stop();
    const { pending, spooled } = delivery;
    if (this.#hasExitFlush && pending !== spooled) this.#state = 'kept for exit';
    else this.#end();
  }

  #finish(): void {
    this.#isFinishing = true; // callbacks of options may track hits, too
    if (this.#hasExitFlush) this.endOpenRequests();
    this.#parts.endPending();
    if (this.#state !== 'ended') {
      this.#parts.delivery.finish();
      this.#end();
    }
    this.#isFinishing = false;
  }

  #end(): void {
    this.#state = 'ended';
    this.#leaveExit();
    this.#parts.statsLog.log();
  }
}

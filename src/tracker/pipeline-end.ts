import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import {
  type EndBudget,
  type EndMember,
  isExiting,
  isKilledBySigterm,
  joinProcessEnd,
  leaveProcessEnd,
} from '../common/process-end.js';
import type { Delivery } from '../delivery/delivery.js';
import type { ExitFlush } from '../delivery/exit/exit-flush.js';
import type { StatsLog } from './stats.js';

const SIGNAL_NOT_HANDLED =
  'exitFlush is set, but nothing handles SIGTERM. The signal ends the process at once, and queued hits are lost. Call shutdown() in a handler of SIGTERM and SIGINT, or load opentelemetry-matomo/register.';
const LISTENER_REMOVED =
  'The application removed the listener of opentelemetry-matomo for SIGTERM. The signal ends the process at once, and queued hits are lost. Remove only listeners of the application.';

interface PipelineEndParts {
  readonly hasExitFlush: boolean | undefined;
  readonly diagnostics: Diagnostics;
  readonly delivery: Delivery;
  readonly budget: EndBudget;
  readonly exitFlush: ExitFlush;
  readonly statsLog: StatsLog;
  /** Queues hits that wait for something else. */
  readonly endPending: () => void;
}

/** A pipeline as one that is called at the end of its process: it is listened for from the first hit that must not be lost until nothing is left. */
export class PipelineEnd implements EndMember {
  listensToSignals = false;
  readonly #parts: PipelineEndParts;
  #hasExitFlush: boolean | undefined;
  #isFinishing = false;
  #isEnded = false;
  #shutdown: () => Promise<void> = async () => undefined;
  /** Called before the last hits are sent: adds requests whose responses are open. */
  endOpenRequests: () => void = () => undefined;

  constructor(parts: PipelineEndParts) {
    this.#parts = parts;
    this.#hasExitFlush = parts.hasExitFlush;
    parts.delivery.keepsForExit = parts.hasExitFlush === true;
    joinProcessEnd(this);
  }

  /** Also sends hits at signals and, unless `exitFlush` is off, at `exit`. `shutdown` is that of the processor. */
  flushAtEnd(shutdown: () => Promise<void>): void {
    this.#shutdown = shutdown;
    this.#hasExitFlush ??= true;
    this.#parts.delivery.keepsForExit = this.#hasExitFlush;
    if (this.#isEnded) return;
    this.listensToSignals = true;
    joinProcessEnd(this);
  }

  beforeHit(isFirst: boolean): void {
    if (!this.#hasExitFlush) return;
    if (this.#isEnded) {
      this.#isEnded = false;
      joinProcessEnd(this);
    }
    // By the first hit, an application has installed its handlers.
    if (isFirst && isKilledBySigterm()) {
      const text = this.listensToSignals ? LISTENER_REMOVED : SIGNAL_NOT_HANDLED;
      this.#parts.diagnostics.warnOnce('signal', coded('signal-not-handled', text));
    }
  }

  /** Nothing of this package runs after a listener of `exit` that tracks a hit: it is sent at once. */
  afterHit(): void {
    if (this.#hasExitFlush && !this.#isFinishing && isExiting()) this.finish();
  }

  pause(millis: number): void {
    this.#parts.delivery.pause(millis);
  }

  flush(): Promise<void> {
    this.#parts.endPending();
    return this.#parts.delivery.flush();
  }

  /** That of the processor, which calls `close`. */
  shutdown(): Promise<void> {
    return this.#shutdown();
  }

  /** Sends what is left. With the exit flush, what remains or comes later is sent at `exit`. */
  async close(deadlineMillis: number): Promise<void> {
    const { delivery, statsLog, endPending, budget } = this.#parts;
    this.endOpenRequests();
    endPending();
    const startMillis = performance.now();
    await delivery.shutdown(deadlineMillis);
    budget.spendSince(startMillis);
    statsLog.stop();
    this.listensToSignals = false;
    leaveProcessEnd(this);
    if (this.#hasExitFlush && delivery.pending > 0) joinProcessEnd(this);
    else this.#end();
  }

  finish(): void {
    const { delivery, exitFlush, endPending } = this.#parts;
    this.#isFinishing = true; // callbacks of options may track hits, too
    if (this.#hasExitFlush) this.endOpenRequests();
    endPending();
    if (!this.#isEnded) {
      exitFlush.run(delivery.keepsForExit ? undefined : 'exitFlush is off');
      this.#end();
    }
    this.#isFinishing = false;
  }

  #end(): void {
    this.#isEnded = true;
    leaveProcessEnd(this);
    this.#parts.statsLog.log();
  }
}

import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import { shared } from './foreign-objects.js';
import { AsyncScope, timerMillis } from './timers.js';

// A process can end in these ways:
//
//     SIGTERM, SIGINT with a handler ──> pause, flush after half a second ──┐
//     the event loop is empty, process.exit(), uncaught error ──────────────┴──> event `exit` ──> finish
//     a signal without a handler ──> shutdown ──> finish ──> the same signal
//
// A signal SIGHUP or SIGUSR2 with a handler calls no member, because such handlers often reload a configuration.

/** A component with hits that the end of the process would lose. Its methods never throw or reject. */
export interface EndMember {
  /** Whether the member needs signals in addition to the event `exit`. */
  readonly listensToSignals: boolean;
  /** Begins no bulk for this time, because a handler of the application may end the process. */
  pause(millis: number): void;
  /** Sends queued hits, because the handler has not ended the process. */
  flush(isBackground: boolean): Promise<void>;
  /** Sends everything while the event loop runs. */
  shutdown(): Promise<void>;
  /** Stores or sends the remaining hits while the process is blocked. */
  finish(): void;
}

/**
 * The time for a handler to end the process after a signal. Without a handler,
 * a second signal after this time ends the process immediately.
 */
const SIGNAL_MILLIS = 500;

/** Signals that end the process. PID 1 of a container listens to fewer: the kernel drops signals without a listener there. */
const SIGNALS: readonly NodeJS.Signals[] =
  process.pid === 1 ? ['SIGTERM', 'SIGINT'] : ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'];

/**
 * Whether Bun was started with this signal ignored, as `nohup` does with SIGHUP. Bun keeps ignoring the signal until something listens to it. From
 * then on, the signal ends the process. Node.js and Deno never keep a signal ignored.
 */
function isIgnored(signal: NodeJS.Signals): boolean {
  if (process.versions.bun === undefined) return false;
  try {
    const [, mask = ''] =
      /^SigIgn:\s*(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return ((BigInt(`0x${mask}`) >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n;
  } catch {
    return signal === 'SIGHUP'; // only Linux has this file
  }
}

/**
 * Members and listeners of all copies of the package. No copy may
 * count a listener of another copy as one of the application.
 */
interface Members {
  readonly all: Set<EndMember>;
  stopSignals: (() => void) | undefined;
}
const MEMBERS = Symbol.for('opentelemetry-matomo.process-end.1');

function findMembers(): Members {
  return shared<Members>(MEMBERS, () => {
    const all = new Set<EndMember>();
    const finish = () => {
      for (const member of [...all]) member.finish();
    };
    // The listener comes first and is never removed: another listener may call `process.exit()`, which skips all later ones.
    process.prependListener('exit', finish);
    // Some applications call `process.removeAllListeners()` before `process.exit()`, which calls `reallyExit`. Deno and others may not have it.
    const { reallyExit } = process as { reallyExit?: (code: number) => void };
    if (reallyExit)
      Object.assign(process, {
        reallyExit(code: number) {
          finish();
          reallyExit.call(process, code);
        },
      });
    return { all, stopSignals: undefined };
  });
}

/** Adds a member, whose methods are called at the end of the process or thread until it leaves. */
export function joinProcessEnd(member: EndMember): void {
  const members = findMembers();
  members.all.add(member);
  // Threads receive no signals.
  if (member.listensToSignals && isMainThread) members.stopSignals ??= listenToSignals(members.all);
}

export function leaveProcessEnd(member: EndMember): void {
  const members = findMembers();
  members.all.delete(member);
  if ([...members.all].some(({ listensToSignals }) => listensToSignals)) return;
  members.stopSignals?.();
  members.stopSignals = undefined;
}

/** Whether SIGTERM ends this process immediately, without the event `exit`. */
export function isKilledBySigterm(): boolean {
  return isMainThread && countHandlers('SIGTERM') === 0;
}

/**
 * Whether the process or thread emits `exit`, by an undocumented property
 * of Node.js. Without it, hits from listeners of `exit` are lost.
 */
export function isExiting(): boolean {
  return (process as { _exiting?: boolean })._exiting === true;
}

function listenToSignals(members: ReadonlySet<EndMember>): () => void {
  const signals = SIGNALS.filter((signal) => !isIgnored(signal));
  const scope = new AsyncScope('MatomoProcessEnd');
  let isEnding = false;
  let timer: NodeJS.Timeout | undefined;

  function setTimer(run: () => void): void {
    clearTimeout(timer);
    timer = scope.runInAsyncScope(() => setTimeout(run, SIGNAL_MILLIS).unref());
  }

  function onSignal(signal: NodeJS.Signals): void {
    // The count includes `onSignal`.
    const isHandled = countHandlers(signal) > 1;
    if (!isHandled) end(signal);
    else if (signal === 'SIGTERM' || signal === 'SIGINT') wait();
  }

  function wait(): void {
    for (const member of members) member.pause(SIGNAL_MILLIS);
    setTimer(() => {
      for (const member of members) void member.flush(true);
    });
  }

  function end(signal: NodeJS.Signals): void {
    if (isEnding) return;
    isEnding = true;
    setTimer(stopListening);
    void shutDown(signal);
  }

  async function shutDown(signal: NodeJS.Signals): Promise<void> {
    const ending = [...members]; // members leave when they are shut down
    await Promise.all(ending.map((member) => member.shutdown()));
    for (const member of ending) member.finish();
    endBy(signal);
  }

  /**
   * Ends the process with a signal. PID 1 of a container has to exit instead,
   * because the kernel drops signals that PID 1 sends to itself.
   */
  function endBy(signal: NodeJS.Signals): void {
    stopListening();
    if (process.pid === 1) process.exit(128 + constants.signals[signal]);
    process.kill(process.pid, signal);
  }

  /**
   * A signal that the process sends to itself as its last action is received in the next turn of the event loop, so a turn is added. After it,
   * `beforeExit` is emitted again, so the turn is added only if nothing else listens to `beforeExit`.
   */
  const takeTurn = () => {
    process.nextTick(() => {
      if (process.listenerCount('beforeExit') === 0) setImmediate(() => undefined);
    });
  };

  function stopListening(): void {
    clearTimeout(timer);
    for (const signal of signals) process.removeListener(signal, onSignal);
    process.removeListener('beforeExit', takeTurn);
  }

  // This listener must be the first one, because handlers that were added with `once` are removed before they run, and would not be counted.
  for (const signal of signals) process.prependListener(signal, onSignal);
  process.prependOnceListener('beforeExit', takeTurn);
  // While a signal ends the process, another signal must not end it sooner.
  return () => {
    if (!isEnding) stopListening();
  };
}

const SIGNAL_EXIT_4 = Symbol.for('signal-exit emitter');

/** The number of listeners of a signal without those of `signal-exit`, which end the process only if there are no others. */
function countHandlers(signal: NodeJS.Signals): number {
  const { __signal_exit_emitter__: third } = process as { __signal_exit_emitter__?: unknown };
  const fourth = (globalThis as Record<symbol, unknown>)[SIGNAL_EXIT_4];
  return process.listenerCount(signal) - loadedCopies(third) - loadedCopies(fourth);
}

/** The number of loaded copies of `signal-exit` 3 and 4. Each copy has one listener per signal. */
function loadedCopies(emitter: unknown): number {
  const { count } = (emitter ?? {}) as { count?: unknown };
  return typeof count === 'number' ? count : 0;
}

/** The time that a process may wait at its end. Shutdown and exit flush share it. */
export class EndBudget {
  readonly #millis: number;
  #spentMillis = 0;
  /** Whether a bulk got no answer while it kept the process alive. */
  isHoldInVain = false;

  constructor(millis: number) {
    this.#millis = millis;
  }

  get leftMillis(): number {
    return Math.max(0, this.#millis - this.#spentMillis);
  }

  /** Keeps the process alive until a bulk has a result, at most for the remaining time. */
  async hold<T>(sending: Promise<T>): Promise<T> {
    const timer = setTimeout(() => {
      this.isHoldInVain = true;
    }, timerMillis(this.leftMillis));
    try {
      return await sending;
    } finally {
      clearTimeout(timer);
      this.isHoldInVain = false;
    }
  }

  /** Counts the time since `startMillis` as spent. */
  spendSince(startMillis: number): void {
    this.#spentMillis += performance.now() - startMillis;
  }
}

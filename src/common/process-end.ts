import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import { shared } from './foreign-objects.js';
import { AsyncScope, timerMillis } from './timers.js';

// Ways in which a process ends, and what is called then:
//
//     SIGTERM, SIGINT with a handler ──> pause, flush after half a second ──┐
//     the event loop is empty, process.exit(), uncaught error ──────────────┴──> event `exit` ──> finish
//     a signal without a handler ──> shutdown ──> finish ──> the same signal
//
// With a handler of SIGHUP or SIGUSR2, which often reload a configuration, nothing is called.

/** A member has hits that the end of the process would lose. Nothing here throws or rejects. */
export interface EndMember {
  /** Whether signals are listened to for the member, and not only the event `exit`. */
  readonly listensToSignals: boolean;
  /** Begins no bulk, because a handler of the application may end the process soon. */
  pause(millis: number): void;
  /** Sends queued hits, because the handler has not ended the process. */
  flush(isBackground: boolean): Promise<void>;
  /** Sends everything while the event loop runs. */
  shutdown(): Promise<void>;
  /** Stores or sends the remaining hits while the process is blocked. */
  finish(): void;
}

/** The time in which a handler may end the process after a signal. Later, another signal ends a process without a handler at once. */
const SIGNAL_MILLIS = 500;

/** Signals that end PID 1 of a container. The kernel drops those that it does not listen to. */
const SIGNALS: readonly NodeJS.Signals[] =
  process.pid === 1 ? ['SIGTERM', 'SIGINT'] : ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'];

/**
 * Whether Bun was started with this signal ignored, as `nohup` does with SIGHUP. It stays ignored until something listens to it, and ends the
 * process after that. Node.js and Deno never keep a signal ignored.
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

/** Members and listeners of all copies of the package, so that none takes a listener of another for one of the application. */
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
    // The first listener, for as long as the process lives: others may call `process.exit()`, which skips all later ones.
    process.prependListener('exit', finish);
    // Some applications call `process.removeAllListeners()` before `process.exit()`, which calls `reallyExit`. Deno and others may lack it.
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

/** Calls a member at the end of the process or thread, until it leaves. */
export function joinProcessEnd(member: EndMember): void {
  const members = findMembers();
  members.all.add(member);
  // Threads get no signals.
  if (member.listensToSignals && isMainThread) members.stopSignals ??= listenToSignals(members.all);
}

export function leaveProcessEnd(member: EndMember): void {
  const members = findMembers();
  members.all.delete(member);
  if ([...members.all].some(({ listensToSignals }) => listensToSignals)) return;
  members.stopSignals?.();
  members.stopSignals = undefined;
}

/** Whether SIGTERM ends this process at once, without `exit`. */
export function isKilledBySigterm(): boolean {
  return isMainThread && countHandlers('SIGTERM') === 0;
}

/** Whether the process or thread emits `exit`, by an undocumented property of Node.js. Without it, what a listener of `exit` tracks is lost. */
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
    // `onSignal` is one of the listeners.
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

  /** PID 1 of a container has to exit itself: the kernel drops a signal that it sends itself. */
  function endBy(signal: NodeJS.Signals): void {
    stopListening();
    if (process.pid === 1) process.exit(128 + constants.signals[signal]);
    process.kill(process.pid, signal);
  }

  /**
   * A signal that the process has sent to itself as its last act is read in the next turn of the event loop, before which `beforeExit` is
   * emitted again: only if nobody listens any more.
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

  // This listener is the first one, because `once` handlers are no longer counted when they run.
  for (const signal of signals) process.prependListener(signal, onSignal);
  process.prependOnceListener('beforeExit', takeTurn);
  // While the process ends by a signal, another one must not end it sooner.
  return () => {
    if (!isEnding) stopListening();
  };
}

const SIGNAL_EXIT_4 = Symbol.for('signal-exit emitter');

/** How many listeners a signal has besides those of `signal-exit`, which end the process only if no others exist. */
function countHandlers(signal: NodeJS.Signals): number {
  const { __signal_exit_emitter__: third } = process as { __signal_exit_emitter__?: unknown };
  const fourth = (globalThis as Record<symbol, unknown>)[SIGNAL_EXIT_4];
  return process.listenerCount(signal) - loadedCopies(third) - loadedCopies(fourth);
}

/** `signal-exit` 3 and 4 count their loaded copies, each of which has one listener for each signal. */
function loadedCopies(emitter: unknown): number {
  const { count } = (emitter ?? {}) as { count?: unknown };
  return typeof count === 'number' ? count : 0;
}

/** The time that a process waits at its end, which shutdown and exit flush share. */
export class EndBudget {
  readonly #millis: number;
  #spentMillis = 0;
  /** Whether a bulk was not answered while it kept the process alive. */
  isHoldInVain = false;

  constructor(millis: number) {
    this.#millis = millis;
  }

  get leftMillis(): number {
    return Math.max(0, this.#millis - this.#spentMillis);
  }

  /** Keeps the process alive until a bulk has a result, but not for longer. */
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

  /** Counts the time since then as spent. */
  spendSince(startMillis: number): void {
    this.#spentMillis += performance.now() - startMillis;
  }
}

import { constants } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import { shared } from './foreign-objects.js';

// What ends a process, and what is called then:
//
//     signal without a handler ──> expectEnd ──> shutdown ──> finish ──> the same signal
//     signal with a handler ─────> expectEnd, hurry ──┐
//     the event loop is empty ────────────────────────┼──> event `exit` ──> finish
//     process.exit(), uncaught error ─────────────────┘
//
// SIGHUP and SIGUSR2 often reload a configuration: with a handler, nothing is called; without one, everything but `expectEnd`. As PID 1, they
// are not listened to. `PipelineEnd` passes the calls on to `Delivery`: `exit/process-hold.ts` keeps the process, `exit/exit-flush.ts` sends at `exit`.

/**
 * How long a process waits at its end for what, in milliseconds. `shutdown`, the hold on an empty event loop and `finish` share
 * `shutdownTimeoutMillis` (5,000 by default), see process-hold.ts.
 */
export const EXIT_WAITS = {
  /** Default of `shutdownTimeoutMillis` with `register` and `start`: PM2 kills 1.6 s after SIGINT. */
  registeredMillis: 1_500,
  /** The end, before an outage that began after its first sign is logged: the last line names it too. Docker kills after ten seconds. */
  outageMillis: 5_000,
  /** A signal that the process has sent to itself. */
  ownSignalMillis: 1_000,
  /** The exit flush, if Matomo was unavailable before: it may be back, but a process in a crash loop must not be delayed. */
  unavailableMillis: 300,
  /** A spool to close, with the last write. A disk or a network may hang. */
  spoolMillis: 1_500,
  spoolWriteMillis: 1_000,
  /** A write to a folder that is under way in another thread while this one is blocked. */
  otherWriteMillis: 250,
} as const;

/** What has hits that the end of the process would lose. Nothing here throws or rejects. */
export interface HitSender {
  /** The process may end soon: prepares to wait in `finish` for what is sent from now on. */
  expectEnd(): void;
  /** Sends queued hits at once, and later hits without delay. */
  hurry(): void;
  /** Sends everything while the event loop runs. */
  shutdown(): Promise<void>;
  /** Stores or sends the remaining hits while the process is blocked. */
  finish(): void;
}

const AT_SIGNALS = Symbol.for('opentelemetry-matomo.at-signals.1');
type Signal = 'SIGTERM' | 'SIGINT' | 'SIGHUP' | 'SIGUSR2';
/** The kernel drops signals that PID 1 of a container does not listen to: it ends only by those that mean its end. */
const SIGNALS: readonly Signal[] =
  process.pid === 1 ? ['SIGTERM', 'SIGINT'] : ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'];

/**
 * Calls a sender at signals, until the returned function is called. A signal without a handler of the application ends the process as it
 * would without this package, at most `shutdownTimeoutMillis` and, if a spool hangs, the waits for it later (`EXIT_WAITS`).
 */
export function atSignals(sender: HitSender): () => void {
  // Threads get no signals.
  return isMainThread ? share(AT_SIGNALS, sender, listenToSignals) : () => undefined;
}

/** Whether SIGTERM ends this process at once, without `exit`. */
export function isKilledBySigterm(): boolean {
  return isMainThread && countSignalHandlers('SIGTERM') === 0;
}

function listenToSignals(senders: ReadonlySet<HitSender>): () => void {
  const removals = SIGNALS.map((signal) => listenToSignal(signal, senders));
  removals.push(waitForOwnSignals());
  return () => {
    for (const remove of removals) remove();
  };
}

function listenToSignal(signal: Signal, registered: ReadonlySet<HitSender>): () => void {
  const isEndLikely = signal === 'SIGTERM' || signal === 'SIGINT';

  function onSignal(): void {
    clearTimeout(arrival);
    // One of them is this listener.
    const isHandled = countSignalHandlers(signal) > 1;
    const senders = [...registered];
    for (const sender of senders) {
      if (isEndLikely) sender.expectEnd();
      if (isEndLikely && isHandled) sender.hurry();
    }
    if (!isHandled) void endBy(signal, senders, remove);
  }

  const remove = () => void process.removeListener(signal, onSignal);
  // First, because `once` handlers are no longer counted when they run.
  process.prependListener(signal, onSignal);
  return remove;
}

/** Ends the process. PID 1 of a container has to exit itself: the kernel drops a signal that it sends itself. */
async function endBy(
  signal: Signal,
  senders: readonly HitSender[],
  removeListener: () => void,
): Promise<void> {
  await Promise.all(senders.map((sender) => sender.shutdown()));
  for (const sender of senders) sender.finish();
  removeListener();
  if (process.pid === 1) process.exit(128 + constants.signals[signal]);
  process.kill(process.pid, signal);
}

/** Keeps the process alive until a signal that it has sent to itself arrives. */
let arrival: NodeJS.Timeout | undefined;

/**
 * A signal that a process sends to itself as its last act ends it at once, unless there is a listener: ours would be too late, because
 * nothing else may keep the event loop alive until then.
 */
function waitForOwnSignals(): () => void {
  const { kill } = process;
  const numbers = SIGNALS.map((signal) => constants.signals[signal]);
  // 0, and the negative ID of its leader, are the group of this process.
  const ownIds = [process.pid, -process.pid, 0];
  let isInstalled = true;

  function killAndWait(pid: number, signal: string | number = 'SIGTERM'): true {
    const isSent = kill.call(process, pid, signal);
    const number = typeof signal === 'number' ? signal : constants.signals[signal as Signal];
    // Node.js takes an ID as a text, too.
    if (isInstalled && ownIds.includes(Number(pid)) && numbers.includes(number)) {
      clearTimeout(arrival);
      arrival = setTimeout(() => undefined, EXIT_WAITS.ownSignalMillis);
    }
    return isSent;
  }

  process.kill = killAndWait;
  return function restore() {
    isInstalled = false;
    clearTimeout(arrival);
    // Who has replaced it since still calls this function, which then only passes calls on.
    if (process.kill === killAndWait) process.kill = kill;
  };
}

const AT_EXIT = Symbol.for('opentelemetry-matomo.at-exit.1');

/**
 * Runs a function when the process or thread emits `exit`, until the returned function is called. It runs before the listeners of the
 * application, which may call `process.exit()`: that skips all later ones.
 */
export function atExit(run: () => void): () => void {
  return share(AT_EXIT, run, listenToExit);
}

function listenToExit(runs: ReadonlySet<() => void>): () => void {
  function onExit(): void {
    for (const run of [...runs]) {
      try {
        run();
      } catch {
        // The process ends in any case, and an error would change its exit code.
      }
    }
  }
  process.prependListener('exit', onExit);
  return () => process.removeListener('exit', onExit);
}

/** Whether the process or thread emits `exit`, by an undocumented property of Node.js. Without it, what a listener of `exit` tracks is lost. */
export function isExiting(): boolean {
  return (process as { _exiting?: boolean })._exiting === true;
}

interface Listened<T> {
  readonly elements: Set<T>;
  /** Set while there is an element. */
  stop: (() => void) | undefined;
}

/**
 * Listens while there is an element, and returns a function that removes this one. All copies of the package share listeners: none may take
 * that of another for one of the application.
 */
function share<T>(
  key: symbol,
  element: T,
  listen: (elements: ReadonlySet<T>) => () => void,
): () => void {
  const listened = shared<Listened<T>>(key, () => ({ elements: new Set(), stop: undefined }));
  const { elements } = listened;
  listened.stop ??= listen(elements);
  elements.add(element);
  return () => {
    elements.delete(element);
    if (elements.size > 0) return;
    listened.stop?.();
    listened.stop = undefined;
  };
}

const SIGNAL_EXIT_4 = Symbol.for('signal-exit emitter');

/** How many listeners a signal has besides those of `signal-exit`, which end the process only if no others exist. */
function countSignalHandlers(signal: NodeJS.Signals): number {
  const { __signal_exit_emitter__: third } = process as { __signal_exit_emitter__?: unknown };
  const fourth = (globalThis as Record<symbol, unknown>)[SIGNAL_EXIT_4];
  return process.listenerCount(signal) - loadedCopies(third) - loadedCopies(fourth);
}

/** `signal-exit` 3 and 4 count their loaded copies, each of which has one listener for each signal. */
function loadedCopies(emitter: unknown): number {
  const { count } = (emitter ?? {}) as { count?: unknown };
  return typeof count === 'number' ? count : 0;
}

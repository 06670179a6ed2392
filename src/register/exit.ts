import { constants } from 'node:os';
import { countSignalHandlers } from '../common/at-exit.js';
import { EXIT_WAITS } from '../delivery/exit/exit-waits.js';
import { internalsOf } from '../requests/processor-internals.js';
import type { SpanProcessor } from './attach.js';

const EXIT_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'] as const;

type Signal = (typeof EXIT_SIGNALS)[number];
type ListProcessors = () => readonly SpanProcessor[];

/**
 * Sends queued hits at signals. A signal without a handler of the application ends the process as it would without this package, at
 * most `shutdownTimeoutMillis` later. If the event loop is empty, hits are sent at `exit`: a flush would revive the loop.
 * Returns a function that restores what was before.
 */
export function installExitHandlers(processors: ListProcessors): () => void {
  const removals = EXIT_SIGNALS.map((signal) => listen(signal, processors));
  removals.push(waitForOwnSignals());
  return () => {
    for (const remove of removals) remove();
  };
}

/** Keeps the process alive until a signal that it has sent to itself arrives. */
let arrival: NodeJS.Timeout | undefined;

/**
 * A signal that a process sends to itself as its last act ends it at once, unless there is a listener: ours would be too late, because
 * nothing else may keep the event loop alive until then.
 */
function waitForOwnSignals(): () => void {
  const { kill } = process;
  const numbers = EXIT_SIGNALS.map((signal) => constants.signals[signal]);
  let isInstalled = true;

  function killAndWait(pid: number, signal: string | number = 'SIGTERM'): true {
    const isSent = kill.call(process, pid, signal);
    const number = typeof signal === 'number' ? signal : constants.signals[signal as Signal];
    if (isInstalled && pid === process.pid && numbers.includes(number)) {
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

function listen(signal: Signal, processors: ListProcessors): () => void {
  const onSignal = (): void => {
    clearTimeout(arrival);
    // One of them is this listener.
    const isHandled = countSignalHandlers(signal) > 1;
    prepareForExit(signal, processors(), isHandled);
    if (isHandled) return;
    void shutDown(processors()).then(() => {
      remove();
      end(signal);
    });
  };
  const remove = () => void process.removeListener(signal, onSignal);
  // First, because `once` handlers are no longer counted when they run.
  process.prependListener(signal, onSignal);
  return remove;
}

/** The process may end soon, except for SIGHUP and SIGUSR2, which often reload a configuration. */
function prepareForExit(
  signal: Signal,
  processors: readonly SpanProcessor[],
  isHandled: boolean,
): void {
  if (signal !== 'SIGTERM' && signal !== 'SIGINT') return;
  for (const processor of processors) {
    const exit = internalsOf(processor)?.exit;
    if (isHandled) exit?.hurry();
    else exit?.expectEnd(); // what follows is a shutdown
  }
}

async function shutDown(processors: readonly SpanProcessor[]): Promise<void> {
  await Promise.all(processors.map((processor) => processor.shutdown()));
  for (const processor of processors) internalsOf(processor)?.exit?.finish();
}

/** Ends the process. PID 1 of a container has to exit itself: the kernel drops a signal that it sends itself. */
function end(signal: Signal): void {
  if (process.pid === 1) process.exit(128 + constants.signals[signal]);
  process.kill(process.pid, signal);
}

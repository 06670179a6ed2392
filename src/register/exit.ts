import { constants } from 'node:os';
import { countSignalHandlers } from '../common/at-exit.js';
import { EXIT_WAITS } from '../delivery/exit/exit-waits.js';
import { internalsOf } from '../requests/processor-internals.js';
import type { SpanProcessor } from './attach.js';

const EXIT_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'] as const;

type Signal = (typeof EXIT_SIGNALS)[number];
type Processors = ReadonlySet<SpanProcessor>;

/**
 * Sends queued hits at signals. A signal without a handler of the application ends the process as it would without this package, at
 * most `shutdownTimeoutMillis` later. If the event loop is empty, hits are sent at `exit`: a flush would revive the loop.
 */
export function installExitHandlers(processors: Processors): void {
  for (const signal of EXIT_SIGNALS) listen(signal, processors);
  waitForOwnSignals();
}

/** Keeps the process alive until a signal that it has sent to itself arrives. */
let arrival: NodeJS.Timeout | undefined;

/**
 * A signal that a process sends to itself as its last act ends it at once, unless there is a listener: ours would be too late, because
 * nothing else may keep the event loop alive until then.
 */
function waitForOwnSignals(): void {
  const { kill } = process;
  const numbers = EXIT_SIGNALS.map((signal) => constants.signals[signal]);
  process.kill = (pid, signal = 'SIGTERM') => {
    const isSent = kill.call(process, pid, signal);
    const number = typeof signal === 'number' ? signal : constants.signals[signal as Signal];
    if (pid === process.pid && numbers.includes(number)) {
      clearTimeout(arrival);
      arrival = setTimeout(() => undefined, EXIT_WAITS.ownSignalMillis);
    }
    return isSent;
  };
}

/** Enables `exitFlush`, the default under `register`, also for processors that the application created. */
export function enableExitFlush(processor: SpanProcessor): void {
  internalsOf(processor)?.exit?.enable();
}

function listen(signal: Signal, processors: Processors): void {
  const onSignal = (): void => {
    clearTimeout(arrival);
    // One of them is this listener.
    if (countSignalHandlers(signal) > 1) {
      prepareForExit(signal, processors);
      return;
    }
    void shutDown(processors).then(() => {
      for (const processor of processors) internalsOf(processor)?.exit?.finish();
      process.removeListener(signal, onSignal);
      end(signal);
    });
  };
  // First, because `once` handlers are no longer counted when they run.
  process.prependListener(signal, onSignal);
}

/** The application's handler may end the process soon, except for SIGHUP and SIGUSR2, which often reload a configuration. */
function prepareForExit(signal: Signal, processors: Processors): void {
  if (signal !== 'SIGTERM' && signal !== 'SIGINT') return;
  for (const processor of processors) internalsOf(processor)?.exit?.hurry();
}

async function shutDown(processors: Processors): Promise<void> {
  await Promise.all(Array.from(processors, (processor) => processor.shutdown()));
}

/** Ends the process. PID 1 of a container has to exit itself: the kernel drops a signal that it sends itself. */
function end(signal: Signal): void {
  if (process.pid === 1) process.exit(128 + constants.signals[signal]);
  process.kill(process.pid, signal);
}

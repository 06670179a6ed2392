import { constants } from 'node:os';
import { EXIT_CONTROL, type ExitControl } from '../common/exit-control.js';
import type { SpanProcessor } from './attach.js';

const EXIT_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'] as const;

type Signal = (typeof EXIT_SIGNALS)[number];
type Processors = ReadonlySet<SpanProcessor>;

/** One per process, also if several copies of this package are loaded: the first to come listens for all. */
interface SharedExit {
  readonly copies: Set<Processors>;
}

const KEY = Symbol.for('opentelemetry-matomo.signals.1');
const SIGNAL_EXIT_4 = Symbol.for('signal-exit emitter');

/**
 * Sends what is queued before the process ends: if nothing is left to do, and at signals. A signal that no handler of the application
 * listens to ends the process as it would without us, only later, by the shutdown deadline at most.
 */
export function installExitHandlers(processors: Processors): void {
  process.once('beforeExit', () => void shutDown(processors));
  const scope = globalThis as Record<symbol, SharedExit | undefined>;
  const shared = scope[KEY];
  if (shared) {
    shared.copies.add(processors);
    return;
  }
  const copies = new Set([processors]);
  scope[KEY] = { copies };
  for (const signal of EXIT_SIGNALS)
    listen(signal, () => new Set([...copies].flatMap((of) => [...of])));
}

/** On by default under `register`, also for processors that the application has made. */
export function enableExitFlush(processor: SpanProcessor): void {
  controlOf(processor)?.enable();
}

function listen(signal: Signal, processors: () => Processors): void {
  const onSignal = (): void => {
    if (hasApplicationHandler(signal)) {
      prepareForExit(signal, processors());
      return;
    }
    void shutDown(processors()).then(() => {
      for (const processor of processors()) controlOf(processor)?.finish();
      process.removeListener(signal, onSignal);
      end(signal);
    });
  };
  // In front of handlers that are to run once: those are no longer listed when they run.
  process.prependListener(signal, onSignal);
}

/** The handler of the application may end the process soon. SIGHUP and SIGUSR2 have other uses, such as reading a configuration again. */
function prepareForExit(signal: Signal, processors: Processors): void {
  if (signal !== 'SIGTERM' && signal !== 'SIGINT') return;
  for (const processor of processors) {
    const control = controlOf(processor);
    if (control) control.hurry();
    else void processor.forceFlush();
  }
}

async function shutDown(processors: Processors): Promise<void> {
  await Promise.all(Array.from(processors, (processor) => processor.shutdown()));
}

/** Missing if the processor is of a version that has none. */
function controlOf(processor: SpanProcessor): ExitControl | undefined {
  return (processor as unknown as Record<symbol, ExitControl | undefined>)[EXIT_CONTROL];
}

/** Whether anybody listens besides us and `signal-exit`, which ends the process only if nobody else listens. */
function hasApplicationHandler(signal: Signal): boolean {
  const { __signal_exit_emitter__: third } = process as { __signal_exit_emitter__?: unknown };
  const fourth = (globalThis as Record<symbol, unknown>)[SIGNAL_EXIT_4];
  return process.listenerCount(signal) > 1 + loadedCopies(third) + loadedCopies(fourth);
}

/** `signal-exit` 3 and 4 count their loaded copies, each of which has one listener for each signal. */
function loadedCopies(emitter: unknown): number {
  const { count } = (emitter ?? {}) as { count?: unknown };
  return typeof count === 'number' ? count : 0;
}

/** The kernel drops a signal that the first process of a container sends itself and does not handle. */
function end(signal: Signal): void {
  if (process.pid === 1) process.exit(128 + constants.signals[signal]);
  process.kill(process.pid, signal);
}

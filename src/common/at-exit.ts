/** First, hits are stored or sent; then what this process holds is released. */
type Phase = 'send' | 'release';

interface ExitRuns extends Readonly<Record<Phase, Set<() => void>>> {
  readonly listener: () => void;
}

/** All copies of the package share one listener, so that their phases do not mix. It exists while there is something to run. */
const KEY = Symbol.for('opentelemetry-matomo.at-exit.1');

/**
 * Runs a function when the process or thread emits `exit`, until the returned function is called. It runs before the listeners of the
 * application, which may call `process.exit()`: that skips all later ones.
 */
export function atExit(phase: Phase, run: () => void): () => void {
  const scope = globalThis as Record<symbol, ExitRuns | undefined>;
  scope[KEY] ??= listen();
  const runs = scope[KEY];
  runs[phase].add(run);
  return function release() {
    runs[phase].delete(run);
    if (scope[KEY] !== runs || list(runs).length > 0) return;
    process.removeListener('exit', runs.listener);
    scope[KEY] = undefined;
  };
}

function listen(): ExitRuns {
  const listener = () => {
    for (const run of list(runs)) runSafely(run);
  };
  const runs: ExitRuns = { send: new Set(), release: new Set(), listener };
  process.prependListener('exit', listener);
  return runs;
}

function list({ send, release }: ExitRuns): readonly (() => void)[] {
  return [...send, ...release];
}

/** Errors are ignored: they would change the exit code of the application. */
function runSafely(run: () => void): void {
  try {
    run();
  } catch {
    // The process ends in any case.
  }
}

const SIGNAL_EXIT_4 = Symbol.for('signal-exit emitter');

/** How many listeners a signal has besides those of `signal-exit`, which end the process only if no others exist. */
export function countSignalHandlers(signal: NodeJS.Signals): number {
  const { __signal_exit_emitter__: third } = process as { __signal_exit_emitter__?: unknown };
  const fourth = (globalThis as Record<symbol, unknown>)[SIGNAL_EXIT_4];
  return process.listenerCount(signal) - loadedCopies(third) - loadedCopies(fourth);
}

/** `signal-exit` 3 and 4 count their loaded copies, each of which has one listener for each signal. */
function loadedCopies(emitter: unknown): number {
  const { count } = (emitter ?? {}) as { count?: unknown };
  return typeof count === 'number' ? count : 0;
}

/** First, what other threads have is collected; then hits are stored or sent; then what this process holds is released. */
type Phase = 'collect' | 'send' | 'release';

type ExitRuns = Readonly<Record<Phase, Set<() => void>>>;

/** All copies of the package share one listener, so that their phases do not mix. */
const KEY = Symbol.for('opentelemetry-matomo.at-exit.1');

/**
 * Runs a function when the process or thread emits `exit`, until the returned function is called. It runs before the listeners of the
 * application, which may call `process.exit()`: that skips all later ones.
 */
export function atExit(phase: Phase, run: () => void): () => void {
  const scope = globalThis as Record<symbol, ExitRuns | undefined>;
  const runs = scope[KEY] ?? listen();
  scope[KEY] = runs;
  runs[phase].add(run);
  return () => void runs[phase].delete(run);
}

function listen(): ExitRuns {
  const runs: ExitRuns = { collect: new Set(), send: new Set(), release: new Set() };
  process.prependListener('exit', () => {
    for (const run of [...runs.collect, ...runs.send, ...runs.release]) runSafely(run);
  });
  return runs;
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

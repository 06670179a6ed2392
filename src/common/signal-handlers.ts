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

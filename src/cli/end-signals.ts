/** Signals that end a command in order: of Ctrl-C, of process managers, and of a terminal that closes. */
const END_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Resolves at the first of them. Later ones change nothing: a terminal that closes sends SIGHUP more than once, and npx passes signals on. */
export function untilEndSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of END_SIGNALS) process.on(signal, () => resolve());
  });
}

/** How long a process waits at its end, in milliseconds. `shutdownTimeoutMillis` limits all of it. */
export const EXIT_WAITS = {
  /** The last flush, if Matomo was unavailable before: it may be back, but a process in a crash loop must not be delayed. */
  unavailableMillis: 300,
} as const;

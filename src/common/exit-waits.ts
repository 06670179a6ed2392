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

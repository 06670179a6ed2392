/**
 * The key under which a processor has its `ExitControl`. `register` may come from another copy of the package, so a
 * change of the interface needs a new key.
 */
export const EXIT_CONTROL: symbol = Symbol.for('opentelemetry-matomo.exit.1');

/** Nothing here throws. */
export interface ExitControl {
  /** Turns on `exitFlush`, unless the option is set. */
  enable(): void;
  /** Sends queued hits at once, and later hits without delay. */
  hurry(): void;
  /** Stores or sends the remaining hits while the process waits. */
  finish(): void;
}

/**
 * Under this key a processor has what `register` needs at the end of a process. `register` may be of another copy of the package, so
 * this changes only together with the key.
 */
export const EXIT_CONTROL: symbol = Symbol.for('opentelemetry-matomo.exit.1');

/** Nothing here throws. */
export interface ExitControl {
  /** Turns `exitFlush` on unless an option says otherwise. */
  enable(): void;
  /** Sends what is queued at once, and hits from now on without delay. */
  hurry(): void;
  /** Stores or sends what is left while the whole process waits. */
  finish(): void;
}

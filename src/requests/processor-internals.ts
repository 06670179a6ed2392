import type { SpanlessRules } from './track-requests.js';

/**
 * Marks processors of any copy of this package. `register` may come from another copy, so a change of `ProcessorInternals` needs a new
 * key.
 */
const INTERNALS: unique symbol = Symbol.for('opentelemetry-matomo.internal.1');

/** What `register` needs of a processor that tracks. */
export interface ProcessorInternals {
  readonly exit: ExitControl;
  /** From now on, also tracks requests without a SERVER span that `rules` accept; with `undefined`, no longer. */
  trackSpanless(rules: SpanlessRules | undefined): void;
}

/** Nothing here throws. */
export interface ExitControl {
  /** Turns on `exitFlush`, unless the option is set. */
  enable(): void;
  /** The process may end soon: prepares to wait at its end for what is sent from now on. */
  expectEnd(): void;
  /** The same, and sends queued hits at once, and later hits without delay. */
  hurry(): void;
  /** Stores or sends the remaining hits while the process waits. */
  finish(): void;
  /** Resolves when the processor was shut down. */
  readonly closed: Promise<void>;
}

/** Makes a processor one of this package. `read` returns `undefined` if it does not track. */
export function exposeInternals(
  processor: object,
  read: () => ProcessorInternals | undefined,
): void {
  Object.defineProperty(processor, INTERNALS, { get: read });
}

/** Whether a processor is of this package, of any copy. */
export function hasInternals(processor: object): boolean {
  return INTERNALS in processor;
}

/** `undefined` if the processor does not track: required options are missing, or `enabled` is false. */
export function internalsOf(processor: object): ProcessorInternals | undefined {
  return (processor as { [INTERNALS]?: ProcessorInternals })[INTERNALS];
}

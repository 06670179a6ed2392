import type { SpanlessRules } from './track-requests.js';

/**
 * Marks processors of any copy of this package. `register` may come from another copy, so a change of `ProcessorInternals` needs a new
 * key.
 */
const INTERNALS: unique symbol = Symbol.for('opentelemetry-matomo.internal.1');

/** What `register` needs of a processor that tracks. Nothing here throws. */
export interface ProcessorInternals {
  /** Sends hits at the end of the process: at signals, and at `exit` unless `exitFlush` is off. Ends when the processor is shut down. */
  flushAtEnd(): void;
  /**
   * From now on, also tracks requests without a SERVER span that `rules` accept, and open ones that another processor has accepted; with
   * `undefined`, no longer.
   */
  trackSpanless(rules: SpanlessRules | undefined): void;
  /** Captures no further requests. A shutdown lets it go on if later hits are sent at exit, until another processor tracks. */
  stop(): void;
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

/**
 * What is sent in a mode, besides full batches of final hits and hits of the spool that have waited. Which batch is next:
 * `queue/failing-hits.ts`.
 */
export interface SendRule {
  /**
   * Hits that are taken from memory when an attempt begins, even if they do not fill a batch. `all`: so are hits of the spool, and hits that
   * failed alone are sent although they are not due, until an attempt fails.
   */
  readonly takes: 'none' | 'final' | 'all';
  /** The process ends: hits that come meanwhile are left to the next mode, so that a busy server can end. */
  readonly isLast: boolean;
}

/** Why hits are sent, and which therefore are. `SendLoop` decides when an attempt in one of the first three begins. */
export const SEND_MODES = {
  /** A full batch is final, or the spool has hits. */
  full: { takes: 'none', isLast: false },
  /** A hit has waited for `scheduledDelayMillis`, or is due after a failure. */
  due: { takes: 'final', isLast: false },
  /** `flush`, or a signal. */
  flush: { takes: 'all', isLast: false },
  /** `shutdown`: hits of the spool are sent for half of the time, so that there is some for the last response. */
  shutdown: { takes: 'all', isLast: true },
  /** After a shutdown, or at the event `exit`: only `nextAtExit` takes hits and returns batches. */
  exit: { takes: 'all', isLast: true },
} as const satisfies Readonly<Record<string, SendRule>>;

export type SendMode = keyof typeof SEND_MODES;

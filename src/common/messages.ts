/**
 * All codes. A code is in brackets at the end of a message, or is the `code` of an error. The meaning of a code never changes.
 * docs/messages.md explains each code under its own heading.
 */
export const MESSAGE_CODES = [
  // Options.
  'options-missing',
  'option-invalid',
  'environment-invalid',
  'privacy-option-invalid',
  'privacy-not-strict',
  'token-file',
  'switched-off',
  'dry-run',
  'callback-failed',
  'headers-not-captured',
  'proxy-ignored',
  'proxy-not-trusted',
  'request-unknown',
  'site-id-value',
  'visitor-key-not-shared',
  'user-id-key',
  'user-id-token',
  'parameter-invalid',
  // Tracing.
  'preload-relative',
  'node-version',
  'api-copies',
  'api-missing',
  'server-not-seen',
  'not-started',
  'started-twice',
  'worker-without-options',
  'not-attached',
  'annotated-too-late',
  'other-version',
  'http2-not-tracked',
  'nothing-tracked',
  'tracking',
  'only-sampled',
  'spans-without-method',
  'export-not-read',
  'internal-error',
  // Matomo's answers.
  'unreachable',
  'proxy-unusable',
  'not-private',
  'unavailable',
  'no-answer',
  'rolled-back',
  'hits-not-counted',
  'redirected',
  'request-rejected',
  'not-matomo',
  'nothing-confirmed',
  'matomo-too-old',
  'token-rejected',
  'no-token',
  'site-unknown',
  'silently-dropped',
  'queued-tracking',
  'fields-dropped',
  'available-again',
  // Hits.
  'unconfirmed',
  'expired',
  'hits-delayed',
  'hits-invalid',
  'rejected',
  'too-large',
  'queue-full',
  'lost-at-shutdown',
  'signal-not-handled',
  'stats',
  // The spool.
  'spool-not-used',
  'spool-not-written',
  'spool-written-again',
  'spool-damaged',
  'spool-lost',
  'exports-refused',
  'spool-visitor-key',
  'spool-owner',
] as const;

/** The code of a message, for alerts and for looking up the message in docs/messages.md. */
export type MessageCode = (typeof MESSAGE_CODES)[number];

/** Adds a code to a message: "What happened. The effect. What to do. [code]". */
export function coded(code: MessageCode, text: string): string {
  return `${text} [${code}]`;
}

/** Splits a message into its text and its code. */
export function splitCode(message: string): { text: string; code: MessageCode | undefined } {
  const [, text = message, code] = /^(.*) \[([a-z-]+)\]$/s.exec(message) ?? [];
  return { text, code: MESSAGE_CODES.find((known) => known === code) };
}

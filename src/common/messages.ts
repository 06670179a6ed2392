/**
 * Every code that stands in brackets behind a message, or is the `code` of an error. A code keeps its meaning for good;
 * what it means and what to do is in docs/messages.md, each under its own heading.
 */
export const MESSAGE_CODES = [
  // What is set.
  'options-missing',
  'option-wrong',
  'environment-wrong',
  'environment-unknown',
  'privacy-option-invalid',
  'token-file',
  'switched-off',
  'dry-run',
  'option-threw',
  'only-explicit-events',
  'site-id-value',
  'parameter-refused',
  // Spans.
  'nothing-installed',
  'node-version',
  'api-copies',
  'not-started',
  'not-attached',
  'provider-without-processors',
  'processors-replaced',
  'http2-not-tracked',
  'nothing-tracked',
  'sampler-not-reached',
  'internal-error',
  // Matomo's answers.
  'unreachable',
  'certificate',
  'proxy-unusable',
  'not-private',
  'unavailable',
  'no-answer',
  'rolled-back',
  'nothing-kept',
  'redirected',
  'refused',
  'not-matomo',
  'token-refused',
  'no-token',
  'site-unknown',
  'order-refused',
  'silently-dropped',
  'queued-unseen',
  'fields-dropped',
  'chatbots-not-reported',
  'takes-hits-again',
  // What became of hits.
  'rejected',
  'too-large',
  'no-crashes',
  'queue-full',
  'lost-at-shutdown',
  'clock',
  // The spool.
  'spool-not-used',
  'spool-not-written',
  'spool-not-read',
  'spool-damaged',
  'spool-lost',
  'spool-full',
  'spool-overlap',
  'spool-visitor-key',
  'spool-owner',
  'spool-open-to-others',
  'spool-space',
] as const;

/** Names a kind of message, for whoever looks it up or watches for it. */
export type MessageCode = (typeof MESSAGE_CODES)[number];

/** A message with its code at the end. */
export function coded(code: MessageCode, text: string): string {
  return `${text} [${code}]`;
}

/** The two parts of what `coded` made. */
export function splitCode(message: string): { text: string; code: MessageCode | undefined } {
  const [, text = message, code] = /^(.*) \[([a-z-]+)\]$/s.exec(message) ?? [];
  return { text, code: MESSAGE_CODES.find((known) => known === code) };
}

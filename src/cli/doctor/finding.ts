import type { MessageCode } from '../../common/messages.js';

/** `problem`: it keeps hits from being stored. `unknown`: that cannot be told from here. */
export type FindingVerdict = 'ok' | 'warning' | 'problem' | 'unknown';

/** What a finding is about, in the order in which they are shown. */
export type Check =
  | 'options'
  | 'node'
  | 'tracing'
  | 'api'
  | 'spool'
  | 'proxy'
  | 'address'
  | 'tls'
  | 'clock'
  | 'matomo'
  | 'queue'
  | 'site'
  | 'token'
  | 'fields'
  | 'chatbots'
  | 'storing';

/** One thing that was looked at. */
export interface Finding {
  readonly check: Check;
  readonly verdict: FindingVerdict;
  readonly found: string;
  /** What to do about it; nothing where all is well. */
  readonly advice?: string;
  /** Under which it is explained in docs/messages.md. */
  readonly code?: MessageCode;
}

export function ok(check: Check, found: string): Finding {
  return { check, verdict: 'ok', found };
}

export function warning(check: Check, code: MessageCode, found: string, advice: string): Finding {
  return { check, verdict: 'warning', found, advice, code };
}

export function problem(check: Check, code: MessageCode, found: string, advice: string): Finding {
  return { check, verdict: 'problem', found, advice, code };
}

export function unknown(check: Check, found: string, advice: string): Finding {
  return { check, verdict: 'unknown', found, advice };
}

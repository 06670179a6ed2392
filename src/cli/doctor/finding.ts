import type { MessageCode } from '../../common/messages.js';
import type { Check } from './checks.js';

/** `problem` prevents hits from being stored; `unknown` cannot be checked from here. */
export type FindingVerdict = 'ok' | 'warning' | 'problem' | 'unknown';

/** The result of one check. */
export interface Finding {
  readonly check: Check;
  readonly verdict: FindingVerdict;
  readonly found: string;
  /** What to do. Missing if the verdict is `ok`. */
  readonly advice?: string;
  /** Heading in docs/messages.md. */
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

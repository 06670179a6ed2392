import type { MessageCode } from '../../common/messages.js';

/** The checks of doctor, in the order in which they run and in which their findings are shown. */
export const CHECKS = [
  'options',
  'tracing',
  'api',
  'preload',
  'spool',
  'address',
  'tls',
  'matomo',
  'queue',
  'site',
  'token',
  'fields',
  'dropped',
  'storing',
] as const;

export type Check = (typeof CHECKS)[number];

/** Sorts findings in the order of `CHECKS`. Findings of one check keep their order. */
export function inOrder<F extends { readonly check: Check }>(findings: readonly F[]): F[] {
  return CHECKS.flatMap((check) => findings.filter((finding) => finding.check === check));
}

/** `problem` prevents hits from being stored. `unknown` cannot be checked from this machine. */
export type FindingVerdict = 'ok' | 'warning' | 'problem' | 'unknown';

/** The result of one check. */
export interface Finding {
  readonly check: Check;
  readonly verdict: FindingVerdict;
  readonly found: string;
  /** Advice. Missing if the verdict is `ok`. */
  readonly advice?: string | undefined;
  /** A heading in docs/messages.md. */
  readonly code?: MessageCode;
}

/** Formats one or more names, such as `site 1` and `sites 1, 2`. */
export function nameOf(what: string, ids: readonly (string | number)[]): string {
  return `${what}${ids.length === 1 ? '' : 's'} ${ids.join(', ')}`;
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

import type { MessageCode } from '../../common/messages.js';

/** What doctor checks, in the order in which the checks run and their findings are shown. */
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

/** Findings in the order of the table; those of one check keep their order. */
export function inOrder<F extends { readonly check: Check }>(findings: readonly F[]): F[] {
  return CHECKS.flatMap((check) => findings.filter((finding) => finding.check === check));
}

/** `problem` prevents hits from being stored; `unknown` cannot be checked from here. */
export type FindingVerdict = 'ok' | 'warning' | 'problem' | 'unknown';

/** The result of one check. */
export interface Finding {
  readonly check: Check;
  readonly verdict: FindingVerdict;
  readonly found: string;
  /** What to do. Missing if the verdict is `ok`. */
  readonly advice?: string | undefined;
  /** Heading in docs/messages.md. */
  readonly code?: MessageCode;
}

/** Names one or more, as in `site 1` and `sites 1, 2`. */
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

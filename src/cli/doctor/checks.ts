/** What doctor checks, in the order in which the checks run and their findings are shown. */
export const CHECKS = [
  'options',
  'privacy',
  'node',
  'tracing',
  'api',
  'spool',
  'proxy',
  'address',
  'tls',
  'clock',
  'matomo',
  'queue',
  'site',
  'token',
  'fields',
  'goals',
  'chatbots',
  'spam',
  'storing',
] as const;

export type Check = (typeof CHECKS)[number];

/** Findings in the order of the table; those of one check keep their order. */
export function inOrder<F extends { readonly check: Check }>(findings: readonly F[]): F[] {
  return CHECKS.flatMap((check) => findings.filter((finding) => finding.check === check));
}

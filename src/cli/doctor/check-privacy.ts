import type { ResolvedOptions } from '../../options/resolved-options.js';
import { type Finding, ok, unknown } from './finding.js';

/** Options that differ from strict ones are findings of `checkOptions`. */
export function checkPrivacy({
  privacy,
  spool,
  visitorId,
  visitorKey,
}: Pick<ResolvedOptions, 'privacy' | 'spool' | 'visitorId' | 'visitorKey'>): Finding[] {
  const findings = privacy === 'strict' ? [ok('privacy', 'MATOMO_PRIVACY is strict')] : [];
  if (visitorKey !== 'daily' || spool !== undefined || visitorId === 'none') return findings;
  const found = 'visitorKey is daily, so without a spool each process has its own key';
  const advice = 'Set MATOMO_SPOOL if several processes share the callers, or they count twice.';
  return [...findings, unknown('privacy', found, advice)];
}

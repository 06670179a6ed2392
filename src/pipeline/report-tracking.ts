import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import type { ResolvedOptions } from '../options/resolved-options.js';

/** Whether this process has logged the line, whichever copy of the package did. */
const KEY = Symbol.for('opentelemetry-matomo.tracking.1');

/** Levels of `OTEL_LOG_LEVEL` at which the line is not written. */
const QUIET = /^(?:warn|error|none)$/i;

/** Logs once per process that Matomo has tracked hits: otherwise a correct setup logs as little as one that was never loaded. */
export function reportTracking(
  { url, siteId }: Pick<ResolvedOptions, 'url' | 'siteId'>,
  diagnostics: Pick<Diagnostics, 'print'>,
): void {
  const shared = globalThis as Record<symbol, boolean | undefined>;
  if (shared[KEY]) return;
  shared[KEY] = true;
  if (QUIET.test(process.env.OTEL_LOG_LEVEL?.trim() ?? '')) return;
  const base = url.href.replace(/\/(?:matomo|piwik)\.php$/, '');
  const site = typeof siteId === 'number' ? `, site ${siteId}` : '';
  diagnostics.print(coded('tracking', `Tracking requests to ${base}${site}.`));
}

import { randomBytes } from 'node:crypto';
import type { Diagnostics } from '../common/diagnostics.js';
import { shared } from '../common/foreign-objects.js';
import { coded } from '../common/messages.js';
import { withoutTracing } from '../common/otel-global.js';
import { withTimeout } from '../common/timers.js';
import { DailyKeys, type SharedKeys, StableKey } from '../common/visitor-keys.js';
import { Delivery } from '../delivery/delivery.js';
import { createExitTransport } from '../delivery/exit/exit-transport.js';
import { createDryRunTransport, createTransport } from '../delivery/http/create-transport.js';
import type { Transport } from '../delivery/http/transport.js';
import { openSpool } from '../delivery/spool/backends.js';
import { JOURNAL_TIMES } from '../delivery/spool/journal.js';
import type { Spool } from '../delivery/spool/spool.js';
import { DAILY, type KeyOfDay, stableVisitorKey } from '../hit/visitor/visitor-id.js';
import type { ResolvedOptions } from '../options/option-table.js';
import { VERSION } from '../version.js';
import type { Metrics } from './metrics.js';

const OWN_KEY =
  'visitorKey is daily and there is no spool. Each process has its own key, so a client of two processes counts as two visitors. Set spool if several processes share the clients.';

/** How long a flush and a shutdown wait for the key of visitor IDs. */
const MAX_KEY_MILLIS = 1_000;

/** What requests to Matomo say of themselves. Matomo takes it for no bot. */
export const USER_AGENT: string = `opentelemetry-matomo/${VERSION}`;

export type CreatedDelivery = ReturnType<typeof createDelivery>;

/** Delivery as the options want it, and what depends on whether there is a spool. */
export function createDelivery(
  options: ResolvedOptions,
  diagnostics: Diagnostics,
  metrics: Metrics | undefined,
) {
  const transport = createWayToMatomo(options, diagnostics, metrics);
  const dailyKeys = options.visitorKey === DAILY ? new DailyKeys() : undefined;
  const ownKey = dailyKeys?.keyOf ?? stableVisitorKey(options);
  const spoolKey = ownKey === undefined ? new StableKey() : undefined;
  const spool = createSpool(options, dailyKeys ?? spoolKey, diagnostics);
  if (dailyKeys && !spool) diagnostics.warnOnce('daily', coded('visitor-key-not-shared', OWN_KEY));
  const randomKey = randomBytes(32);
  const onTracked = () => reportTracking(options, diagnostics);
  return {
    delivery: new Delivery({ ...options, onTracked }, transport, diagnostics, Math.random, spool),
    /** Returns the secret of visitor IDs. An open spool may provide it: until then it is another one. */
    visitorKey: (): string | Buffer | KeyOfDay => ownKey ?? spoolKey?.find() ?? randomKey,
    /** Whether a spool cannot provide another secret any more. */
    hasVisitorKey: (): boolean => !spool || spool.isReady || (ownKey !== undefined && !dailyKeys),
    /** Resolves when a spool has provided it, or after a second at the latest. */
    visitorKeyFound: async () => {
      if (spool && !spool.isReady) await withTimeout(MAX_KEY_MILLIS, spool.ready);
    },
    /** Stops what does not belong to delivery. */
    close: () => dailyKeys?.close(),
  };
}

function createSpool(
  options: ResolvedOptions,
  keys: SharedKeys | undefined,
  diagnostics: Diagnostics,
): Spool | undefined {
  const { spool: place, maxSpoolBytes: maxBytes, url, tokenAuth } = options;
  if (place === undefined || options.dryRun) return undefined; // a dry run must not take hits from others
  return openSpool(
    {
      place,
      matomoUrl: url.href,
      maxBytes,
      hasToken: tokenAuth !== undefined,
      keys,
      times: JOURNAL_TIMES,
    },
    diagnostics,
  );
}

function createWayToMatomo(
  options: ResolvedOptions,
  diagnostics: Diagnostics,
  metrics: Metrics | undefined,
): Transport {
  if (options.dryRun) return createDryRunTransport((line) => diagnostics.print(line));
  const settings = { ...options, userAgent: USER_AGENT };
  const live = createTransport(settings);
  const plain = createExitTransport(live, settings);
  const transport = metrics?.measure(plain) ?? plain;
  return {
    ...transport,
    send: (body, timeoutMillis) => withoutTracing(() => transport.send(body, timeoutMillis)),
  };
}

/** Whether this process has logged the line, whichever copy of the package did. */
const KEY = Symbol.for('opentelemetry-matomo.tracking.1');

/** Levels of `OTEL_LOG_LEVEL` at which the line is not written. */
const QUIET = /^(?:warn|error|none)$/i;

/** Logs once per process that Matomo has tracked hits: otherwise a correct setup logs as little as one that was never loaded. */
function reportTracking(
  { url, siteId }: Pick<ResolvedOptions, 'url' | 'siteId'>,
  diagnostics: Pick<Diagnostics, 'print'>,
): void {
  const line = shared(KEY, () => ({ isLogged: false }));
  if (line.isLogged) return;
  line.isLogged = true;
  if (QUIET.test(process.env.OTEL_LOG_LEVEL?.trim() ?? '')) return;
  const base = url.href.replace(/\/(?:matomo|piwik)\.php$/, '');
  const site = typeof siteId === 'number' ? `, site ${siteId}` : '';
  diagnostics.print(coded('tracking', `Tracking requests to ${base}${site}.`));
}

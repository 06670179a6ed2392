import { randomBytes } from 'node:crypto';
import type { Diagnostics } from '../common/diagnostics.js';
import { environment } from '../common/environment.js';
import { shared } from '../common/foreign-objects.js';
import { coded } from '../common/messages.js';
import { withoutTracing } from '../common/otel-global.js';
import { EndBudget } from '../common/process-end.js';
import { withTimeout } from '../common/timers.js';
import { DailyKeys, StableKey } from '../common/visitor-keys.js';
import { Delivery } from '../delivery/delivery.js';
import { createExitFlush } from '../delivery/exit-flush.js';
import { createDryRunTransport, createTransport, type Transport } from '../delivery/http.js';
import { openSpool } from '../delivery/spool.js';
import { DAILY, type KeyOfDay, stableVisitorKey } from '../hit/visitor/visitor-id.js';
import type { ResolvedOptions } from '../options/option-table.js';
import { VERSION } from '../version.js';

const OWN_KEY =
  'visitorKey is daily and there is no spool. Each process has its own key, so a client of two processes counts as two visitors. Set spool if several processes share the clients.';

/** A claim in the spool belongs to a dead process if it is older than this plus the timeout of a request. */
const DEAD_MILLIS = 60_000;

/** The maximum time that hits wait for the key of visitor IDs. */
const MAX_KEY_MILLIS = 1_000;

/** The user agent of requests to Matomo. Matomo does not classify it as a bot. */
export const USER_AGENT: string = `opentelemetry-matomo/${VERSION}`;

export type CreatedDelivery = ReturnType<typeof createDelivery>;

/** Creates delivery and the source of the visitor ID key. If a spool provides that key later, `onKey` is called. */
export function createDelivery(
  options: ResolvedOptions,
  diagnostics: Diagnostics,
  onKey: () => void,
) {
  const transport = createWayToMatomo(options, diagnostics);
  const dailyKeys = options.visitorKey === DAILY ? new DailyKeys() : undefined;
  const ownKey = dailyKeys?.keyOf ?? stableVisitorKey(options);
  const spoolKey = ownKey === undefined ? new StableKey(onKey) : undefined;
  const keys = dailyKeys ?? spoolKey;
  const hasSpool = options.spool !== undefined && !options.dryRun; // a dry run must not take hits from others
  if (dailyKeys && !hasSpool)
    diagnostics.warnOnce('daily', coded('visitor-key-not-shared', OWN_KEY));
  const randomKey = randomBytes(32);
  const budget = new EndBudget(options.shutdownTimeoutMillis);
  const { lines } = diagnostics;
  const { spool: place = '', url, maxSpoolBytes: maxBytes, exportTimeoutMillis } = options;
  const deadMillis = exportTimeoutMillis + DEAD_MILLIS;
  const hasToken = options.tokenAuth !== undefined;
  const openFor = ({ counts }: Delivery) =>
    openSpool(
      {
        ...{ ...options, place, matomoUrl: url.href, maxBytes, deadMillis, hasToken, keys, counts },
        keep: (hits) => delivery.keep(hits),
      },
      lines,
    );
  const onTracked = options.dryRun ? undefined : () => reportTracking(options, diagnostics);
  const delivery: Delivery = new Delivery({
    options: { ...options, onTracked },
    ...{ transport, diagnostics, lines },
    openSpool: hasSpool ? openFor : undefined,
    hold: (sending) => budget.hold(sending),
  });
  return {
    delivery,
    budget,
    exitFlush: createExitFlush(delivery, options, USER_AGENT, transport, budget),
    /** Returns the key of visitor IDs. A spool that opens later may change it. */
    visitorKey: (): string | Buffer | KeyOfDay => ownKey ?? spoolKey?.find() ?? randomKey,
    /** Resolves when a spool has provided the key, or after a second at the latest; `undefined` if no spool will. */
    visitorKeyFound: (isBackground = false) =>
      keys && delivery.isOpening
        ? withTimeout(MAX_KEY_MILLIS, delivery.opened, isBackground)
        : undefined,
    close: () => dailyKeys?.close(),
  };
}

function createWayToMatomo(options: ResolvedOptions, diagnostics: Diagnostics): Transport {
  if (options.dryRun) return createDryRunTransport((line) => diagnostics.print(line));
  const transport = createTransport({ ...options, userAgent: USER_AGENT });
  return {
    ...transport,
    send: (body, timeoutMillis) => withoutTracing(() => transport.send(body, timeoutMillis)),
  };
}

/** Marks that this process has logged the line, in any copy of the package. */
const KEY = Symbol.for('opentelemetry-matomo.tracking.1');

/** Matches values of `OTEL_LOG_LEVEL` at which the line is not logged. */
const QUIET = /^(?:warn|error|none)$/i;

/** Logs once per process that Matomo has tracked hits. Without this line, a correct setup would log as little as a package that was never loaded. */
function reportTracking(
  { url, siteId }: Pick<ResolvedOptions, 'url' | 'siteId'>,
  diagnostics: Pick<Diagnostics, 'print'>,
): void {
  const line = shared(KEY, () => ({ isLogged: false }));
  if (line.isLogged) return;
  line.isLogged = true;
  if (QUIET.test(environment().OTEL_LOG_LEVEL?.trim() ?? '')) return;
  const base = url.href.replace(/\/(?:matomo|piwik)\.php$/, '');
  const site = typeof siteId === 'number' ? `, site ${siteId}` : '';
  diagnostics.print(coded('tracking', `Tracking requests to ${base}${site}.`));
}

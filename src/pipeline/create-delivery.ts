import { createHash, randomBytes } from 'node:crypto';
import { DailyKeys } from '../common/daily-keys.js';
import { type Diagnostics, show } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { withoutTracing } from '../common/otel-global.js';
import { Delivery } from '../delivery/delivery.js';
import { createExitTransport } from '../delivery/exit/exit-transport.js';
import { createDryRunTransport, createTransport } from '../delivery/http/create-transport.js';
import type { Transport } from '../delivery/http/transport.js';
import { spoolBackendOf } from '../delivery/spool/backends.js';
import { LazySpool } from '../delivery/spool/lazy-spool.js';
import { DAILY, type KeyOfDay, stableVisitorKey } from '../hit/visitor/visitor-id.js';
import { OPTIONS, type OptionName, type ResolvedOptions } from '../options/option-table.js';
import { VERSION } from '../version.js';
import type { Metrics } from './metrics.js';

const OWN_KEY =
  'visitorKey is daily and there is no spool. Each process has its own key, so a client of two processes counts as two visitors. Set spool if several processes share the clients.';

/** What requests to Matomo say of themselves. Matomo takes it for no bot. */
export const USER_AGENT: string = `opentelemetry-matomo/${VERSION}`;

/** Delivery as the options want it, and what depends on whether there is a spool. */
export function createDelivery(
  options: ResolvedOptions,
  diagnostics: Diagnostics,
  metrics: Metrics | undefined,
): {
  delivery: Delivery;
  /** Returns the secret of visitor IDs. Call it when the first hit is finalized: an open spool may provide the secret. */
  visitorKey: () => string | Buffer | KeyOfDay;
  /** Whether the secret is final: a spool provides it only once it is open. */
  isVisitorKeyKnown: () => boolean;
  /** Bytes that hits may take in the spool besides those that it already has. */
  spoolRoom: () => number;
  /** Stops what does not belong to delivery. */
  close: () => void;
} {
  const transport = createWayToMatomo(options, diagnostics, metrics);
  const dailyKeys = options.visitorKey === DAILY ? new DailyKeys() : undefined;
  const spool = openSpool(options, dailyKeys, diagnostics);
  if (dailyKeys && !spool) diagnostics.warnOnce('daily', coded('visitor-key-not-shared', OWN_KEY));
  let isVisitorKeyKnown = spool === undefined || stableVisitorKey(options) !== undefined;
  const onKnown = () => {
    isVisitorKeyKnown = true;
  };
  spool?.ready.then(onKnown, onKnown);
  const onTracked = () => reportTracking(options, diagnostics);
  return {
    delivery: new Delivery({ ...options, onTracked }, transport, diagnostics, Math.random, spool),
    visitorKey: () =>
      dailyKeys?.keyOf ?? stableVisitorKey(options) ?? spool?.visitorKey ?? randomBytes(32),
    isVisitorKeyKnown: () => isVisitorKeyKnown,
    spoolRoom: () => spool?.room ?? Number.POSITIVE_INFINITY,
    close: () => dailyKeys?.close(),
  };
}

/** Few want one: only for those its code is loaded. */
function openSpool(
  options: ResolvedOptions,
  dailyKeys: DailyKeys | undefined,
  diagnostics: Diagnostics,
): LazySpool | undefined {
  const { spool: place, maxSpoolBytes: maxBytes } = options;
  if (place === undefined || options.dryRun) return undefined; // a dry run must not take hits from others
  const { url, exportTimeoutMillis } = options;
  const settings = {
    place,
    matomoUrl: url.href,
    maxBytes,
    exportTimeoutMillis,
    privacy: fingerprintPrivacy(options),
    keepsVisitorKey: !dailyKeys && stableVisitorKey(options) === undefined,
    dailyKeys,
    quietly: withoutTracing,
  };
  const loaded = spoolBackendOf(place).load(settings, diagnostics);
  return new LazySpool(
    loaded.catch((error: unknown) => {
      const text = `The spool cannot be opened: ${error}. Hits are queued in memory only. Fix that, or set spool to another place.`;
      diagnostics.error(coded('spool-not-used', text));
      return undefined;
    }),
  );
}

function withoutUndici(error: unknown): string {
  return (
    `undici cannot be loaded (${show(error)}). Hits are sent through node:http. ` +
    'Mark opentelemetry-matomo and undici as external if the application is bundled, else install the package again.'
  );
}

function createWayToMatomo(
  options: ResolvedOptions,
  diagnostics: Diagnostics,
  metrics: Metrics | undefined,
): Transport {
  if (options.dryRun) return createDryRunTransport((line) => diagnostics.print(line));
  const settings = { ...options, userAgent: USER_AGENT };
  const live = createTransport({
    ...settings,
    onFallback: (error) => diagnostics.warnOnce('bundled', coded('bundled', withoutUndici(error))),
  });
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
  const shared = globalThis as Record<symbol, boolean | undefined>;
  if (shared[KEY]) return;
  shared[KEY] = true;
  if (QUIET.test(process.env.OTEL_LOG_LEVEL?.trim() ?? '')) return;
  const base = url.href.replace(/\/(?:matomo|piwik)\.php$/, '');
  const site = typeof siteId === 'number' ? `, site ${siteId}` : '';
  diagnostics.print(coded('tracking', `Tracking requests to ${base}${site}.`));
}

/** Applies to hits that are in the spool, whoever made them. */
const APPLIES_LATER: OptionName = 'maxSpoolAgeMillis';
const FINGERPRINT_LENGTH = 8;

/**
 * Hexadecimal digits that differ if privacy options differ, so that hits in a spool show with which ones they were made. Callbacks
 * and keys are not part of it.
 */
function fingerprintPrivacy(options: ResolvedOptions): string {
  const names = Object.keys(OPTIONS) as OptionName[];
  const values = names
    .filter((name) => OPTIONS[name].isPrivacy && name !== APPLIES_LATER)
    .map((name) => [name, isKey(name, options[name]) ? 'key' : options[name]]);
  return createHash('sha256')
    .update(JSON.stringify(values, asText))
    .digest('hex')
    .slice(0, FINGERPRINT_LENGTH);
}

function isKey(name: OptionName, value: unknown): boolean {
  return name === 'visitorKey' && value !== 'daily';
}

/** JSON has neither regular expressions nor sets. It omits functions itself. */
function asText(_key: string, value: unknown): unknown {
  if (value instanceof RegExp) return String(value);
  return value instanceof Set || value instanceof Map ? [...value] : value;
}

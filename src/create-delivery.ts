import { randomBytes } from 'node:crypto';
import { Delivery } from './delivery/delivery.js';
import { createDryRunTransport } from './delivery/dry-run-transport.js';
import { openFileSpool } from './delivery/spool/open-file-spool.js';
import { isRedisUrl, openRedisSpool } from './delivery/spool/open-redis-spool.js';
import type { SpoolStore } from './delivery/spool/spool-store.js';
import type { Transport } from './delivery/transport.js';
import { createUndiciTransport } from './delivery/undici-transport.js';
import type { Diagnostics } from './diagnostics.js';
import { deriveVisitorKey } from './hit/visitor-id.js';
import { measureTransport } from './metrics.js';
import type { ResolvedOptions } from './options/resolved-options.js';
import { withoutTracing } from './otel-global.js';
import { VERSION } from './version.js';

/** What requests to Matomo say of themselves. Matomo takes it for no bot. */
export const USER_AGENT: string = `opentelemetry-matomo/${VERSION}`;

/** How long work of a request may hold its hit back where that is to be on disk within half a second. */
const SPOOL_HOLD_MILLIS = 200;

/** Delivery as the options want it, and what depends on whether there is a spool. */
export function createDelivery(
  options: ResolvedOptions,
  diagnostics: Diagnostics,
): {
  delivery: Delivery;
  /** How long a hit waits for work of its request that has not ended. */
  longestHoldMillis: number;
  /** Secret of visitor ids, to be asked for when the first hit leaves: a spool may have it, and elsewhere. */
  visitorKey: () => string | Buffer;
} {
  const { scheduledDelayMillis } = options;
  const transport = createTransport(options, diagnostics);
  const { store: spool, keptKey } = openSpool(options, diagnostics);
  return {
    delivery: new Delivery(options, transport, diagnostics, Math.random, spool),
    longestHoldMillis: spool
      ? Math.min(scheduledDelayMillis, SPOOL_HOLD_MILLIS)
      : scheduledDelayMillis,
    visitorKey: () => givenVisitorKey(options) ?? keptKey() ?? randomBytes(32),
  };
}

function givenVisitorKey({ visitorKey, tokenAuth }: ResolvedOptions): string | Buffer | undefined {
  if (visitorKey !== undefined) return visitorKey;
  return tokenAuth === undefined ? undefined : deriveVisitorKey(tokenAuth);
}

/** The store, and the visitor key that is kept in it. */
function openSpool(
  options: ResolvedOptions,
  diagnostics: Diagnostics,
): { store?: SpoolStore | undefined; keptKey: () => Buffer | undefined } {
  const { spool, maxSpoolBytes: maxBytes, spoolShards: shards, exportTimeoutMillis } = options;
  if (spool === undefined) return { keptKey: () => undefined };
  const url = options.url.href;
  const keepsVisitorKey = givenVisitorKey(options) === undefined;
  if (!isRedisUrl(spool)) {
    const store = openFileSpool({ folder: spool, url, maxBytes }, diagnostics);
    const key = keepsVisitorKey ? store?.keepVisitorKey() : undefined;
    return { store, keptKey: () => key };
  }
  const store = openRedisSpool(
    {
      url: spool,
      matomoUrl: url,
      maxBytes,
      shards,
      exportTimeoutMillis,
      keepsVisitorKey,
      quietly: withoutTracing,
    },
    diagnostics,
  );
  return { store, keptKey: () => store.visitorKey };
}

function createTransport(options: ResolvedOptions, diagnostics: Diagnostics): Transport {
  if (options.dryRun) return createDryRunTransport((line) => diagnostics.print(line));
  const plain = createUndiciTransport({ ...options, userAgent: USER_AGENT });
  const { meterProvider } = options;
  const transport = meterProvider ? measureTransport(plain, meterProvider) : plain;
  return {
    send: (body, timeoutMillis) => withoutTracing(() => transport.send(body, timeoutMillis)),
    close: () => transport.close(),
  };
}

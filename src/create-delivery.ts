import { randomBytes } from 'node:crypto';
import { Delivery } from './delivery/delivery.js';
import { createDryRunTransport } from './delivery/dry-run-transport.js';
import type { FileSpool } from './delivery/spool/file-spool.js';
import { openFileSpool } from './delivery/spool/open-file-spool.js';
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
  /** Secret of visitor ids. */
  visitorKey: string | Buffer;
} {
  const { scheduledDelayMillis } = options;
  const transport = createTransport(options, diagnostics);
  const spool = openSpool(options, diagnostics);
  return {
    delivery: new Delivery(options, transport, diagnostics, Math.random, spool),
    longestHoldMillis: spool
      ? Math.min(scheduledDelayMillis, SPOOL_HOLD_MILLIS)
      : scheduledDelayMillis,
    visitorKey: visitorKeyOf(options, spool),
  };
}

function visitorKeyOf(
  { visitorKey, tokenAuth }: ResolvedOptions,
  spool: FileSpool | undefined,
): string | Buffer {
  if (visitorKey !== undefined) return visitorKey;
  if (tokenAuth !== undefined) return deriveVisitorKey(tokenAuth);
  return spool?.keepVisitorKey() ?? randomBytes(32);
}

function openSpool(
  { spool: folder, url, maxSpoolBytes: maxBytes }: ResolvedOptions,
  diagnostics: Diagnostics,
): FileSpool | undefined {
  if (folder === undefined) return undefined;
  return openFileSpool({ folder, url: url.href, maxBytes }, diagnostics);
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

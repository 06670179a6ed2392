import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Diagnostics } from '../../src/common/diagnostics.js';
import { Delivery } from '../../src/delivery/delivery.js';
import type { DeliveryOptions } from '../../src/delivery/delivery-options.js';
import { FileSpoolOpener } from '../../src/delivery/spool/file/file-spool.js';
import {
  LazySpool,
  type OpenedSpool,
  type SpoolOpener,
} from '../../src/delivery/spool/lazy-spool.js';
import { openRedisSpool } from '../../src/delivery/spool/redis/redis-spool.js';
import type { SpoolStore } from '../../src/delivery/spool/spool-store.js';
import type { Hit, PendingHit } from '../../src/hit/hit.js';
import { DEFAULT_OPTIONS } from './default-options.js';
import { diagnosticsTo } from './diagnostics.js';
import { nameOf, queryOf } from './named-hits.js';
import { type ScriptedTransport, scriptedTransport } from './scripted-transport.js';

/** A folder of its own for a test, below which spools can be. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'matomo-spool-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface SpooledDelivery {
  readonly delivery: Delivery;
  readonly transport: ScriptedTransport;
  readonly logged: string[];
  /** Pushes hits of these names, each once; the part before a colon is the visitor. */
  push(...names: string[]): void;
  /** Names of the hits that were sent, in order. */
  sent(): string[];
  /** Hits in, and hits pending or counted: equal at every moment. */
  law(): [number, number];
}

export interface SpoolSetUp extends Partial<DeliveryOptions> {
  /** Or the URL of a Redis. */
  readonly folder: string;
  readonly url?: string;
  readonly maxBytes?: number;
  /** The store is there only when this is fulfilled. */
  readonly opened?: Promise<void>;
}

interface OpenSpoolOptions {
  /** Or the URL of a Redis. */
  readonly folder: string;
  readonly url?: string | undefined;
  readonly maxBytes?: number | undefined;
  readonly exportTimeoutMillis?: number;
}

/** Opens a store of this process. */
function openerOf(
  {
    folder,
    url = 'https://matomo.test/matomo.php',
    maxBytes = 1024 ** 3,
    exportTimeoutMillis = 30_000,
  }: OpenSpoolOptions,
  diagnostics: Diagnostics,
): SpoolOpener {
  if (!folder.includes('://')) {
    const opener = new FileSpoolOpener({ folder, url, maxBytes }, diagnostics);
    return { open: () => asOpened(opener.open()), close: () => opener.close() };
  }
  const quietly = <T>(run: () => T) => run();
  const redis = { url: folder, matomoUrl: url, maxBytes, exportTimeoutMillis };
  return {
    open: () =>
      asOpened(openRedisSpool({ ...redis, keepsVisitorKey: false, quietly }, diagnostics)),
    close: () => undefined,
  };
}

function asOpened(store: SpoolStore | undefined): OpenedSpool | undefined {
  return store && { store, visitorKey: () => undefined };
}

/** A store of this process. */
export function openSpool(
  options: OpenSpoolOptions,
  diagnostics: Diagnostics,
): SpoolStore | undefined {
  return openerOf(options, diagnostics).open()?.store;
}

/** A delivery over a spool in this process, as one of the processes that share it. */
export function spooledDelivery({
  folder,
  url,
  maxBytes,
  opened,
  ...options
}: SpoolSetUp): SpooledDelivery {
  const transport = scriptedTransport();
  const logged: string[] = [];
  const log = (message: string) => void logged.push(message);
  const diagnostics = diagnosticsTo(log);
  const deliveryOptions = {
    ...DEFAULT_OPTIONS,
    tokenAuth: 'token',
    scheduledDelayMillis: 100,
    ...options,
  };
  const { exportTimeoutMillis } = deliveryOptions;
  const opener = openerOf({ folder, url, maxBytes, exportTimeoutMillis }, diagnostics);
  const store = opened === undefined ? opener.open()?.store : undefined;
  const spool = store ?? new LazySpool(Promise.resolve(opened).then(() => opener));
  const delivery = new Delivery(deliveryOptions, transport, diagnostics, () => 0.1, spool);
  onTestFinished(() => delivery.shutdown(0));
  let hits = 0;
  return {
    delivery,
    transport,
    logged,
    push(...names) {
      for (const name of names) {
        hits += 1;
        const [visitor = 'v', rest] = name.split(':');
        delivery.push(namedHit(name, rest === undefined ? {} : { visitor }));
      }
    },
    sent: () => transport.bodies.flatMap(({ requests }) => requests.map(nameOf)),
    law() {
      const { tracked, accepted, invalid, lost } = delivery.counters;
      const losses = Object.values(lost).reduce((sum, count) => sum + count, 0);
      return [hits + delivery.takenOver, delivery.pending + tracked + accepted + invalid + losses];
    },
  };
}

function namedHit(name: string, overrides: Partial<Hit & PendingHit> = {}): PendingHit {
  const endedMillis = performance.now();
  const hit: Hit = {
    site: 1,
    visitor: overrides.visitor ?? 'v',
    startSeconds: overrides.startSeconds ?? Date.now() / 1000,
    kind: overrides.kind ?? 'page',
    query: overrides.query ?? queryOf(name),
  };
  return {
    endedMillis,
    bytes: 1000,
    isFinal: (now) => now - endedMillis >= 20,
    finalize: overrides.finalize ?? (() => [hit]),
  };
}

export function filesIn(folder: string, suffix: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(suffix))
    .sort()
    .map((name) => join(folder, name));
}

/** All lines of all segments. */
export function linesIn(folder: string): string[] {
  return filesIn(folder, '.hits').flatMap((path) =>
    readFileSync(path, 'latin1').split('\n').filter(Boolean),
  );
}

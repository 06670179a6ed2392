import { type Dirent, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Diagnostics } from '../../src/common/diagnostics.js';
import { Delivery } from '../../src/delivery/delivery.js';
import type { DeliveryOptions } from '../../src/delivery/delivery-options.js';
import * as backends from '../../src/delivery/spool/backends.js';
import type { JournalTimes } from '../../src/delivery/spool/journal.js';
import type { Spool } from '../../src/delivery/spool/spool.js';
import type { Hit, PendingHit } from '../../src/hit/hit.js';
import { DEFAULT_OPTIONS } from './default-options.js';
import { diagnosticsTo } from './diagnostics.js';
import { kindOf, nameOf, queryOf } from './named-hits.js';
import { type ScriptedTransport, scriptedTransport } from './scripted-transport.js';

/** An empty folder, until the end of the test. */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'matomo-test-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
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
  readonly times?: JournalTimes;
}

interface OpenSpoolOptions {
  /** Or the URL of a Redis. */
  readonly folder: string;
  readonly url?: string | undefined;
  readonly maxBytes?: number | undefined;
  readonly hasToken?: boolean;
  readonly times?: JournalTimes | undefined;
}

/** A spool of this process. */
export function openSpool(
  {
    folder: place,
    url: matomoUrl = 'https://matomo.test/matomo.php',
    maxBytes = 1024 ** 3,
    hasToken = true,
    times,
  }: OpenSpoolOptions,
  diagnostics: Diagnostics,
): Spool {
  const quietly = <T>(run: () => T) => run();
  const options = { place, matomoUrl, maxBytes, hasToken, keepsVisitorKey: false, times };
  return backends.openSpool({ ...options, quietly }, diagnostics);
}

/** A delivery over a spool in this process, as one of the processes that share it. */
export function spooledDelivery({
  folder,
  url,
  maxBytes,
  times,
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
  const hasToken = deliveryOptions.tokenAuth !== undefined;
  const spool = openSpool({ folder, url, maxBytes, hasToken, times }, diagnostics);
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
    kind: overrides.kind ?? kindOf(name),
    query: overrides.query ?? queryOf(name),
  };
  return {
    endedMillis,
    bytes: 1000,
    isFinal: (now) => now - endedMillis >= 20,
    finalize: overrides.finalize ?? (() => [hit]),
  };
}

function listFolder(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return []; // deleted meanwhile
  }
}

/** Paths of the files of a spool whose names end so, also of those in journals. */
export function filesIn(folder: string, suffix: string): string[] {
  return listFolder(folder)
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return filesIn(path, suffix);
      return entry.name.endsWith(suffix) ? [path] : [];
    })
    .sort();
}

/** All lines of all files with hits. */
export function linesIn(folder: string): string[] {
  return filesIn(folder, '.hits').flatMap((path) => {
    try {
      return readFileSync(path, 'latin1').split('\n').filter(Boolean);
    } catch {
      return []; // deleted meanwhile
    }
  });
}

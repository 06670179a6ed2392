import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { Diagnostics } from '../../src/common/diagnostics.js';
import type { SharedKeys } from '../../src/common/visitor-keys.js';
import { Delivery } from '../../src/delivery/delivery.js';
import type { DeliveryOptions } from '../../src/delivery/delivery-options.js';
import * as backends from '../../src/delivery/spool/backends.js';
import { JOURNAL_TIMES, type JournalTimes } from '../../src/delivery/spool/journal.js';
import type { Spool } from '../../src/delivery/spool/spool.js';
import type { Hit } from '../../src/hit/hit.js';
import { eventually } from './child-process.js';
import { DEFAULT_OPTIONS } from './default-options.js';
import { accountedFor, pending, sentNames } from './delivery.js';
import { collectDiagnostics } from './diagnostics.js';
import { notSent, type ScriptedTransport, scriptedTransport } from './scripted-transport.js';
import { temporaryFolder } from './temporary-folder.js';

export interface SpooledDelivery {
  readonly delivery: Delivery;
  readonly transport: ScriptedTransport;
  readonly logged: string[];
  /** Pushes hits, or some of these names, each once; the part before a colon is the visitor. */
  push(...hits: (string | Hit)[]): void;
  /** Names of the hits that were sent, in order. */
  sent(): string[];
  /** Hits in, and hits pending or counted: equal at every moment. */
  law(): [number, number];
}

interface OpenSpoolOptions {
  /** Or the URL of a Redis. */
  readonly folder: string;
  readonly url?: string | undefined;
  readonly maxBytes?: number | undefined;
  readonly hasToken?: boolean;
  readonly times?: JournalTimes | undefined;
  readonly keys?: SharedKeys;
}

type SpoolSetUp = OpenSpoolOptions & Partial<DeliveryOptions>;

/** A spool of this process. */
export function openSpool(
  {
    folder: place,
    url: matomoUrl = 'https://matomo.test/matomo.php',
    maxBytes = 1024 ** 3,
    hasToken = true,
    times = JOURNAL_TIMES,
    keys,
  }: OpenSpoolOptions,
  diagnostics: Diagnostics,
): Spool {
  const options = { place, matomoUrl, maxBytes, hasToken, times, keys };
  return backends.openSpool(options, diagnostics);
}

/** Tests do not wait for the next of a process's heartbeats. */
const OFTEN: JournalTimes = { ...JOURNAL_TIMES, beatMillis: 20 };

/** A delivery over a spool in this process, as one of the processes that share it. */
export function spooledDelivery({
  folder,
  url,
  maxBytes,
  times = OFTEN,
  ...options
}: SpoolSetUp): SpooledDelivery {
  const transport = scriptedTransport();
  const { diagnostics, logged } = collectDiagnostics();
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
  let made = 0;
  return {
    delivery,
    transport,
    logged,
    push(...hits) {
      made += hits.length;
      for (const hit of hits) delivery.push(typeof hit === 'string' ? namedHit(hit) : hit);
    },
    sent: () => sentNames(transport).flat(),
    law: () => [made + delivery.takenOver, accountedFor(delivery)],
  };
}

function namedHit(name: string): Hit {
  const [visitor = 'v', rest] = name.split(':');
  return pending(rest === undefined ? { name } : { name, visitor });
}

/** A folder, unless another place is given, where a process has left hits because Matomo was unavailable until its end. */
export async function leaveHits(
  hits: readonly (string | Hit)[],
  { folder = temporaryFolder(), ...options }: Partial<SpoolSetUp> = {},
): Promise<string> {
  const { delivery, transport, push } = spooledDelivery({ folder, ...options });
  transport.answer(notSent);
  push(...hits);
  await delivery.shutdown(20_000);
  expect(delivery.spooled).toBe(hits.length + delivery.takenOver);
  return folder;
}

/** What another process makes of a spool, once it has sent something of its own. */
export async function nextProcess(folder: string): Promise<SpooledDelivery> {
  const next = spooledDelivery({ folder });
  next.push('next');
  await eventually(() => next.sent().includes('next') && next.delivery.pending === 0);
  return next;
}

/** Paths of the files of a spool whose names end so, also of those in journals. */
export function filesIn(folder: string, suffix: string): string[] {
  return readUntilNothingMoves(folder, () => listFiles(folder, suffix));
}

/** All lines of all files with hits. */
export function linesIn(folder: string): string[] {
  const read = (path: string) => readFileSync(path, 'latin1').split('\n').filter(Boolean);
  return readUntilNothingMoves(folder, () => listFiles(folder, '.hits').flatMap(read));
}

function listFiles(folder: string, suffix: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return listFiles(path, suffix);
      return entry.name.endsWith(suffix) ? [path] : [];
    })
    .sort();
}

/** Reads again if a journal was renamed or deleted meanwhile. There is nothing in a folder that is gone. */
function readUntilNothingMoves(folder: string, read: () => string[]): string[] {
  while (existsSync(folder)) {
    try {
      return read();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return [];
}

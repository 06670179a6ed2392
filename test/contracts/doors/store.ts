import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { createDeliveryCounts } from '../../../src/delivery/delivery-counts.js';
import { MemoryStore } from '../../../src/delivery/memory-store.js';
import type { MatomoStats } from '../../../src/tracker/stats.js';
import { ROOT } from '../../support/child-process.js';
import { openFolderSpool } from './folder-store.js';
import { openRedisSpool } from './redis-store.js';
import type { Opened, SpoolSetup } from './spool-store.js';

export type StoreKind = 'memory' | 'folder' | 'redis';

export interface StoreSetup extends SpoolSetup {
  /** Of memory. */
  readonly maxHits?: number;
}

/** One opener of a store. */
export async function openStore(kind: StoreKind, setup: StoreSetup): Promise<Opened> {
  const { maxHits = 10_000, ...ofSpool } = setup;
  if (kind === 'folder') return openFolderSpool(ofSpool);
  if (kind === 'redis') return openRedisSpool(ofSpool);
  const counts = createDeliveryCounts();
  const memory = new MemoryStore(counts, { maxHits, maxBulkHits: 100 });
  const spool = {
    store: async (hits: Parameters<Opened['spool']['store']>[0]) =>
      hits.filter((hit) => memory.put(hit)).length,
    claim: async (most: number, maxFailures: number) => memory.claim(most, maxFailures),
    close: async () => undefined,
  };
  return { spool, counts };
}

/** What a process says of its hits. */
export interface ProcessCounts {
  /** Hits put here. */
  readonly put: number;
  /** Hits that came out of the spool. */
  readonly claimed: number;
  /** Hits in its memory. */
  readonly pending: number;
  /** Hits that went into the spool and did not come out in this process. */
  readonly spooled: number;
  readonly tracked: number;
  readonly unconfirmed: number;
  readonly lost: number;
  /** Hits that came in, and hits that are accounted for. */
  readonly balance: readonly [came: number, known: number];
}

/** A process with a spool. */
export interface SpoolProcess {
  put(...names: string[]): Promise<ProcessCounts>;
  counts(): Promise<ProcessCounts>;
  /** Codes of logged lines, in order. */
  codes(): string[];
  shutdown(): Promise<ProcessCounts>;
}

let processes = 0;

export function startSpoolProcess(env: Readonly<Record<string, string>>): SpoolProcess {
  processes += 1;
  const name = `p${processes}`;
  const app = fileURLToPath(new URL('store-app.mjs', import.meta.url));
  const child = spawn(process.execPath, [app], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, NAME: name, MATOMO_SITE_ID: '1', ...env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const closed = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  return {
    put: (...names) => ask(child, { put: names }),
    counts: () => ask(child, 'stats'),
    codes: () => [...stderr.matchAll(/\[([\w-]+)\]$/gm)].map(([, code]) => code as string),
    shutdown: () => ask(child, 'shutdown'),
  };
}

async function ask(child: ChildProcess, message: object | string): Promise<ProcessCounts> {
  const answer = once(child, 'message');
  child.send(message);
  const [stats] = (await answer) as [MatomoStats];
  const { hits: put, claimed, stored, pending, tracked, accepted, invalid } = stats;
  const lost = Object.values(stats.lost).reduce((sum, count) => sum + count, 0);
  const known = pending + stored + tracked + accepted + invalid + lost;
  const balance = [put + claimed, known] as const;
  const { unconfirmed } = stats.lost;
  const spooled = stored - claimed;
  return { put, claimed, pending, spooled, tracked, unconfirmed, lost, balance };
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { createDeliveryCounts } from '../../../src/delivery/delivery-counts.js';
import { MemoryStore } from '../../../src/delivery/memory-store.js';
import type { MatomoStats } from '../../../src/tracker/stats.js';
import { ROOT } from '../../support/child-process.js';
import { openFolderStore } from './folder-store.js';
import { openRedisStore } from './redis-store.js';
import { claimFrom, toHit } from './spool-store.js';

/** A hit as a store gets it. */
export interface StoredHit {
  readonly visitor: string;
  readonly startSeconds: number;
  readonly query: string;
  /** It is only sent with a token. */
  readonly needsToken?: boolean;
}

/** Times and limits. Each has the value of the product unless a test replaces it. */
interface StoreLimits {
  /** A claim of a process that says nothing for so long is over. */
  readonly deadMillis?: number;
  readonly maxAgeMillis?: number;
  readonly maxBytes?: number;
  readonly maxHits?: number;
}

export interface StoreSetup {
  readonly kind: StoreKind;
  /** The path of a folder, or the URL of a Redis. */
  readonly place: string;
  readonly matomoUrl?: string;
  readonly limits?: StoreLimits;
  readonly hasToken?: boolean;
  readonly resendUnconfirmed?: boolean;
}

export type StoreKind = 'memory' | 'folder' | 'redis';

export interface Claim {
  readonly hits: readonly StoredHit[];
  /** How often they failed. */
  readonly failures: number;
  /** Those that were not given back have a result. */
  done(): Promise<void>;
  giveBack(hits: readonly StoredHit[], failures: number): Promise<void>;
}

export interface Store {
  /** Those that do not fit are counted as `refused`. */
  store(hits: readonly StoredHit[]): Promise<void>;
  /** At most so many hits, none that failed more often; `undefined` if there is nothing to claim. */
  claim(most: number, maxFailures?: number): Promise<Claim | undefined>;
  counts(): {
    readonly stored: number;
    readonly claimed: number;
    readonly refused: number;
    readonly unconfirmed: number;
    readonly expired: number;
    readonly damaged: number;
  };
  /** Ends as `kill -9` does: nothing is written, and nothing is given back. */
  abandon(): Promise<void>;
  /** Ends as a process should: others can claim what is left. */
  close(): Promise<void>;
}

/** One opener of a store. */
export async function openStore(setup: StoreSetup): Promise<Store> {
  const { kind, limits } = setup;
  if (kind === 'folder') return openFolderStore(setup);
  if (kind === 'redis') return openRedisStore(setup);
  const counts = createDeliveryCounts();
  const memory = new MemoryStore(counts, {
    maxHits: limits?.maxHits ?? 10_000,
    maxBulkHits: 100,
  });
  let [stored, claimed, refused] = [0, 0, 0];
  return {
    async store(hits) {
      const taken = hits.map(toHit).filter((hit) => memory.put(hit)).length;
      stored += taken;
      refused += hits.length - taken;
    },
    async claim(most, maxFailures) {
      const claim = await claimFrom(memory, most, maxFailures);
      claimed += claim?.hits.length ?? 0;
      return claim;
    },
    counts: () => ({
      ...{ stored, claimed, refused },
      ...{ unconfirmed: 0, expired: counts.lost.expired, damaged: 0 },
    }),
    abandon: async () => undefined,
    close: async () => undefined,
  };
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
  /** Names of those that it has said to be stored or sent. */
  safe(): readonly string[];
  /** Codes of logged lines, in order. */
  codes(): string[];
  shutdown(): Promise<ProcessCounts>;
  kill(): Promise<void>;
}

let processes = 0;

export function startSpoolProcess(env: Readonly<Record<string, string>>): SpoolProcess {
  processes += 1;
  const name = `p${processes}`;
  const app = fileURLToPath(new URL('store-app.mjs', import.meta.url));
  const child = spawn(process.execPath, [app], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, NAME: name, MATOMO_SITE_ID: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const closed = once(child, 'close').then(() => undefined);
  const kill = () => {
    child.kill('SIGKILL');
    return closed;
  };
  onTestFinished(kill);
  const announced = () => stdout.split('\n').filter((line) => line.startsWith(`${name}-`));
  return {
    put: (...names) => ask(child, { put: names }),
    counts: () => ask(child, 'stats'),
    safe() {
      const counts = [...stdout.matchAll(/^SAFE (\d+)$/gm)].map(([, count]) => Number(count));
      return announced().slice(0, Math.max(0, ...counts));
    },
    codes: () => [...stderr.matchAll(/\[([\w-]+)\]$/gm)].map(([, code]) => code as string),
    shutdown: () => ask(child, 'shutdown'),
    kill,
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

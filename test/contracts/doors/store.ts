import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { MemoryQueue } from '../../../src/delivery/queue/memory-queue.js';
import type { MatomoStats } from '../../../src/pipeline/stats.js';
import { ROOT } from '../../support/child-process.js';

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
  /** At most so many hits; `undefined` if there is nothing to claim. */
  claim(most: number): Promise<Claim | undefined>;
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
}

/** One opener of a store. There is none of a folder and of Redis yet. */
export async function openStore({ kind, limits }: StoreSetup): Promise<Store> {
  if (kind !== 'memory') throw new Error(`The store of kind ${kind} cannot be opened yet`);
  const queue = new MemoryQueue(limits?.maxHits ?? 10_000);
  const nothingFailed = { failedInMemory: 0 };
  const counts = { stored: 0, claimed: 0, unconfirmed: 0, expired: 0, damaged: 0 };
  return {
    async store(hits) {
      for (const hit of hits) {
        const stored = { ...hit, site: 1, kind: 'page' } as const;
        if (!queue.admit(stored, nothingFailed)) continue;
        counts.stored += 1;
        queue.push(stored, performance.now());
      }
    },
    async claim(most) {
      const hits = queue.take(most);
      counts.claimed += hits.length;
      if (hits.length === 0) return undefined;
      return {
        hits,
        failures: 0,
        done: async () => queue.acknowledge(hits, { tracked: hits.length }),
        giveBack: () => Promise.reject(new Error('Memory takes nothing back yet')),
      };
    },
    counts: () => ({ ...counts, refused: queue.counters.lost.queue_full }),
    abandon: async () => undefined,
  };
}

/** What a process says of its hits. */
export interface ProcessCounts {
  /** Hits put here. */
  readonly put: number;
  /** Hits that came from another process. */
  readonly claimed: number;
  readonly pending: number;
  /** Hits of its own or claimed ones that are in the spool. */
  readonly spooled: number;
  readonly tracked: number;
  readonly unconfirmed: number;
  readonly lost: number;
  /** Hits that came in, and hits that are accounted for. */
  readonly balance: readonly [came: number, known: number];
}

/** A process with a spool. */
export interface SpoolProcess {
  readonly name: string;
  put(...names: string[]): Promise<ProcessCounts>;
  counts(): Promise<ProcessCounts>;
  /** Names of hits of `RATE` so far. */
  announced(): readonly string[];
  /** Names of those that it has said to be stored or sent. */
  safe(): readonly string[];
  /** Codes of logged lines, in order. */
  codes(): string[];
  shutdown(): Promise<ProcessCounts>;
  kill(): Promise<void>;
}

let processes = 0;

/** `prefix`: what its command begins with. */
export function startSpoolProcess(
  env: Readonly<Record<string, string>>,
  prefix: readonly string[] = [],
): SpoolProcess {
  processes += 1;
  const name = `p${processes}`;
  const app = fileURLToPath(new URL('store-app.mjs', import.meta.url));
  const [command = '', ...args] = [...prefix, process.execPath, app];
  const child = spawn(command, args, {
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
    name,
    put: (...names) => ask(child, { put: names }),
    counts: () => ask(child, 'stats'),
    announced,
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
  const { hits: put, takenOver: claimed, pending, spooled, tracked, accepted, invalid } = stats;
  const lost = Object.values(stats.lost).reduce((sum, count) => sum + count, 0);
  const balance = [put + claimed, pending + tracked + accepted + invalid + lost] as const;
  const { unconfirmed } = stats.lost;
  return { put, claimed, pending, spooled, tracked, unconfirmed, lost, balance };
}

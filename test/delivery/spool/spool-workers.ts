import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { thisProcess } from '../../../src/delivery/spool/file/processes.js';
import { toLines } from '../../../src/delivery/spool/hit-line.js';
import type { Hit } from '../../../src/hit/hit.js';
import type { MatomoStats } from '../../../src/pipeline/stats.js';
import { eventually, ROOT } from '../../support/child-process.js';
import { requires } from '../../support/skips.js';

/** A process with a spool, see `apps/spool-worker.mjs`. */
export interface SpoolWorker {
  readonly pid: number;
  /** When each of its requests ended, epoch milliseconds, by name. */
  readonly ended: ReadonlyMap<string, number>;
  /** Whether it has said that it stored or sent this request. Only its newest requests are not safe, unless its spool has hung. */
  isSafe(name: string): boolean;
  /** When it said so, epoch milliseconds. */
  safeSince(name: string): number;
  /** Whether a request was not safe for so long that newer ones may have been sent from memory: its spool has hung. */
  hasHung(): boolean;
  /** Moments at which hits were unaccounted for. */
  readonly lawless: readonly string[];
  stderr(): string;
  /** Makes so many requests at once. */
  request(count: number): Promise<MatomoStats>;
  stats(): Promise<MatomoStats>;
  shutdown(): Promise<MatomoStats>;
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Calls `process.exit()` in it. */
  exit(): Promise<void>;
}

/** The application of a worker. */
export const SPOOL_WORKER: string = join(ROOT, 'test/support/apps/spool-worker.mjs');

let workers = 0;

/** If a write to the spool takes longer than this, newer hits are sent from memory. */
const HANGING_MILLIS = 2_000;

/** `prefix`: what its command begins with. `script`: a copy of the application beside other versions of packages. */
export function startSpoolWorker(
  env: Readonly<Record<string, string>>,
  prefix: readonly string[] = [],
  script: string = SPOOL_WORKER,
): SpoolWorker {
  workers += 1;
  const name = `w${workers}`;
  const [command = '', ...args] = [...prefix, process.execPath, script];
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { PATH: process.env.PATH, NAME: name, MATOMO_SITE_ID: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const ended = new Map<string, number>();
  const lawless: string[] = [];
  let stderr = '';
  let rest = '';
  let safe = 0;
  /** Since when so many requests are safe. */
  const safeTimes: { readonly requests: number; readonly millis: number }[] = [];
  let hasHung = false;
  /** How old the oldest request is that is in memory only. */
  const unsafeMillis = () => Date.now() - (ended.get(`${name}-${safe + 1}`) ?? Date.now());
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [what = '', value = ''] = line.split(' ', 2);
      hasHung ||= unsafeMillis() > HANGING_MILLIS;
      if (what === 'LAW') lawless.push(line);
      else if (what === 'SAFE') {
        safe = Number(value);
        safeTimes.push({ requests: safe, millis: Date.now() });
      } else ended.set(what, Number(value));
    }
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const closed = once(child, 'close').then(() => undefined);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  return {
    pid: child.pid as number,
    ended,
    isSafe: (request) => Number(request.split('-')[1]) <= safe,
    safeSince(request) {
      const number = Number(request.split('-')[1]);
      const since = safeTimes.find(({ requests }) => requests >= number);
      return since?.millis ?? Number.POSITIVE_INFINITY;
    },
    hasHung: () => hasHung,
    lawless,
    stderr: () => stderr,
    request: (count) => ask(child, { requests: count }),
    stats: () => ask(child, 'stats'),
    shutdown: () => ask(child, 'shutdown'),
    exit() {
      child.send('exit');
      return closed;
    },
    async kill(signal = 'SIGKILL') {
      if (signal !== 'SIGKILL') requires('signals');
      child.kill(signal);
      if (signal === 'SIGKILL') await closed;
    },
  };
}

/** No process of a machine has such a number. */
const NO_PID = 2 ** 22 + 1;

/** Leaves the journal of a process that has ended in a folder: the older, the smaller its number. Each list of hits is a file. */
export function leaveJournal(
  folder: string,
  number: number,
  files: readonly (readonly Hit[])[],
  mark: 'alive' | 'ended' = 'alive',
): void {
  const random = String(number).padStart(8, '0');
  const journal = join(folder, `${Date.now() - 1_000_000 + number}-${NO_PID}-${random}`);
  mkdirSync(journal);
  const identity = { ...thisProcess(), pid: NO_PID, started: '1', hasToken: false };
  writeFileSync(join(journal, mark), JSON.stringify(identity));
  for (const [i, hits] of files.entries()) {
    const name = `${String(i + 1).padStart(6, '0')}.hits`;
    writeFileSync(join(journal, name), Buffer.concat(toLines(hits)));
  }
}

/** A hit of a page that is called so. */
export function pageHit(name: string, startSeconds: number): Hit {
  const query = `?idsite=1&rec=1&apiv=1&url=http%3A%2F%2Fshop.test%2F${name}&ua=test`;
  return { site: 1, visitor: 'v', startSeconds, kind: 'page', query };
}

/** Four workers, of which some are killed. */
export function startWorkers(start: () => SpoolWorker) {
  const alive = [start(), start(), start(), start()];
  const all = [...alive];
  const killedAt = new Map<SpoolWorker, number>();
  async function kill(worker: SpoolWorker): Promise<void> {
    killedAt.set(worker, Date.now());
    await worker.kill();
  }
  return {
    alive,
    all,
    killedAt,
    /** Kills one a while after it has answered a request, and starts another. */
    async replace(number: number, waitMillis = 0): Promise<void> {
      const victim = alive.splice(number % alive.length, 1)[0] as SpoolWorker;
      await eventually(() => victim.ended.size > 0, { timeoutMillis: 60_000 });
      await wait(waitMillis);
      await kill(victim);
      const next = start();
      alive.push(next);
      all.push(next);
    },
    async killAll(): Promise<void> {
      for (const worker of alive) await kill(worker);
    },
  };
}

/** Whether the spool of a request's worker has hung: then its newer requests may arrive first. */
export function isOfHungWorker(request: string, all: readonly SpoolWorker[]): boolean {
  return all.some((worker) => worker.ended.has(request) && worker.hasHung());
}

async function ask(child: ChildProcess, message: object | string): Promise<MatomoStats> {
  const answer = once(child, 'message');
  child.send(message);
  const [stats] = await answer;
  return stats;
}

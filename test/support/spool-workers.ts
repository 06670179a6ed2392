import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { MatomoStats } from '../../src/tracker/stats.js';
import { ROOT } from './child-process.js';

/** A process with a spool, see `apps/spool-worker.mjs`. */
export interface SpoolWorker {
  /** Moments at which hits were unaccounted for. */
  readonly lawless: readonly string[];
  stderr(): string;
  /** Makes so many requests at once. */
  request(count: number): Promise<MatomoStats>;
  stats(): Promise<MatomoStats>;
  /** Shuts down and ends. */
  shutdown(): Promise<MatomoStats>;
}

/** The application of a worker. */
export const SPOOL_WORKER: string = join(ROOT, 'test/support/apps/spool-worker.mjs');

let workers = 0;

/** `script`: a copy of the application beside other versions of packages. */
export function startSpoolWorker(
  env: Readonly<Record<string, string>>,
  script: string = SPOOL_WORKER,
): SpoolWorker {
  workers += 1;
  const name = `w${workers}`;
  const child = spawn(process.execPath, [script], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, NAME: name, MATOMO_SITE_ID: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const lawless: string[] = [];
  let stderr = '';
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('LAW ')) lawless.push(line);
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
    lawless,
    stderr: () => stderr,
    request: (count) => ask(child, { requests: count }),
    stats: () => ask(child, 'stats'),
    shutdown: () => ask(child, 'shutdown'),
  };
}

async function ask(child: ChildProcess, message: object | string): Promise<MatomoStats> {
  const answer = once(child, 'message');
  child.send(message);
  const [stats] = await answer;
  return stats;
}

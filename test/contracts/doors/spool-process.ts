import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { MatomoStats } from '../../../src/tracker/stats.js';
import { ROOT } from '../../support/child-process.js';

let processes = 0;

/** Starts an application of this folder, which gets a name of its own, and what it writes. */
function startApp(name: string, env: Readonly<Record<string, string>>) {
  processes += 1;
  const app = fileURLToPath(new URL(name, import.meta.url));
  const child = spawn(process.execPath, [app], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, NAME: `p${processes}`, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const written = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      written[stream] += text;
    });
  const closed = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  async function ask<Answer>(message: object | string): Promise<Answer> {
    const answer = once(child, 'message');
    child.send(message);
    return (await answer)[0];
  }
  return { child, written, closed, ask };
}

function balanceOf(put: number, { claimed, stored, pending, tracked, ...counts }: MatomoStats) {
  const { accepted, invalid } = counts;
  const lost = Object.values(counts.lost).reduce((sum, count) => sum + count, 0);
  const known = pending + stored + tracked + accepted + invalid + lost;
  return { lost, balance: [put + claimed, known] as const };
}

/** Starts a process that uses a spool alone. `spool-app.mjs` says what the variables mean. */
export function startSpoolProcess(place: string, env: Readonly<Record<string, string>>) {
  const { child, written, closed, ask } = startApp('spool-app.mjs', { PLACE: place, ...env });
  const namesIn = (what: string) =>
    [...written.stdout.matchAll(new RegExp(`^${what} (.+)\n`, 'gm'))].flatMap(([, names = '']) =>
      names.split(' '),
    );
  return {
    /** Names of hits that it has stored, and sent. */
    stored: () => namesIn('STORED'),
    sent: () => namesIn('SENT'),
    stdout: () => written.stdout,
    signal: (name: NodeJS.Signals) => void child.kill(name),
    /** Ends it, and returns hits that came in, and hits that are accounted for. */
    async end() {
      const { put, ...counts } = await ask<MatomoStats & { put: number }>('end');
      await closed;
      return balanceOf(put, counts).balance;
    },
    closed,
  };
}

export type SpoolProcess = ReturnType<typeof startSpoolProcess>;

/** Starts a process that puts hits, and sends them by way of a spool. */
export function startPuttingProcess(env: Readonly<Record<string, string>>) {
  const { written, ask } = startApp('store-app.mjs', { MATOMO_SITE_ID: '1', ...env });
  async function counts(message: object | string = 'stats') {
    const stats = await ask<MatomoStats>(message);
    const { hits: put, claimed, stored, pending, tracked } = stats;
    return {
      ...{ put, claimed, pending, tracked, ...balanceOf(put, stats) },
      /** Hits that went into the spool and did not come out in this process. */
      spooled: stored - claimed,
    };
  }
  return {
    put: (...names: string[]) => counts({ put: names }),
    counts: () => counts(),
    /** Codes of logged lines, in order. */
    codes: () => [...written.stderr.matchAll(/\[([\w-]+)\]$/gm)].map(([, code]) => code as string),
    shutdown: () => counts('shutdown'),
  };
}

export type PuttingProcess = ReturnType<typeof startPuttingProcess>;

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { ROOT } from '../../support/child-process.js';

/** A process with a spool in a folder, or in Redis. */
export interface SpoolProcess {
  /** Names of hits that it has stored. */
  stored(): string[];
  /** Names of hits that it has sent. */
  sent(): string[];
  stdout(): string;
  signal(name: NodeJS.Signals): void;
  /** Ends it, and returns hits that came in, and hits that are accounted for. */
  end(): Promise<readonly [came: number, known: number]>;
  readonly closed: Promise<unknown>;
}

let processes = 0;

/** `spool-app.mjs` says what the variables mean. */
export function startSpoolProcess(
  place: string,
  env: Readonly<Record<string, string>>,
): SpoolProcess {
  processes += 1;
  const app = fileURLToPath(new URL('spool-app.mjs', import.meta.url));
  const child = spawn(process.execPath, [app], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, PLACE: place, NAME: `p${processes}`, ...env },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  let stdout = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  const closed = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  const namesIn = (what: string) =>
    [...stdout.matchAll(new RegExp(`^${what} (.+)\n`, 'gm'))].flatMap(([, names = '']) =>
      names.split(' '),
    );
  return {
    stored: () => namesIn('STORED'),
    sent: () => namesIn('SENT'),
    stdout: () => stdout,
    signal: (name) => void child.kill(name),
    async end() {
      const answer = once(child, 'message');
      child.send('end');
      const [{ put, pending, ...counts }] = await answer;
      await closed;
      const lost = Object.values<number>(counts.lost).reduce((sum, count) => sum + count, 0);
      const { claimed, stored, tracked, accepted, invalid } = counts;
      return [put + claimed, pending + stored + tracked + accepted + invalid + lost];
    },
    closed,
  };
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { cleanEnvironment, eventually, ROOT } from '../support/child-process.js';

export interface Terminal {
  /** All that a person would have seen so far. */
  screen(): string;
  /** Waits for a text on the screen, then types. */
  answer(prompt: string, typed: string): Promise<void>;
  /** Exit code of the command. */
  exit(): Promise<number | null>;
}

/** Runs `node ...args` at a terminal of its own that echoes what is typed, unless the command switches that off. */
export function startTerminal(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Terminal {
  const command = [process.execPath, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qe', '-E', 'always', '-c', command, '/dev/null'], {
    cwd: ROOT,
    env: { ...cleanEnvironment(), TERM: 'xterm', ...env },
  });
  let screen = '';
  let seen = 0;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      screen += text;
    });
  }
  const ended = once(child, 'close').then(([code]) => code as number | null);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return {
    screen: () => screen,
    async answer(prompt, typed) {
      await eventually(() => screen.slice(seen).includes(prompt), {
        describe: () => `${prompt} in:\n${screen}`,
      });
      seen = screen.length;
      child.stdin.write(typed);
    },
    exit: () => ended,
  };
}

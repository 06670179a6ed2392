import { eventually, startProgram } from '../support/child-process.js';

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
  const script = ['script', '-qe', '-E', 'always', '-c', command, '/dev/null'];
  const child = startProgram(script, { env: { TERM: 'xterm', ...env }, hasInput: true });
  const screen = child.stdout;
  let seen = 0;
  return {
    screen,
    async answer(prompt, typed) {
      await eventually(() => screen().slice(seen).includes(prompt), {
        describe: () => `${prompt} in:\n${screen()}`,
      });
      seen = screen().length;
      child.type(typed);
    },
    exit: async () => (await child.ended).code,
  };
}

import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import { withoutUserInfo } from '../common/diagnostics.js';

const WIDTH = 80;

type Terminal = Pick<NodeJS.Process, 'stdin' | 'stderr'>;

/** Reads a line from the terminal without echo; `undefined` if there is no terminal, or the user cancels the prompt. */
export async function promptSecret(
  question: string,
  { stdin, stderr }: Terminal = process,
): Promise<string | undefined> {
  if (!isTerminal({ stdin, stderr })) return undefined;
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  // Creating the interface turns off the echo of the terminal, so it comes before the question.
  const lines = createInterface({ input: stdin, output: nowhere, terminal: true, historySize: 0 });
  stderr.write(question);
  const line = await readLine(lines);
  stderr.write('\n');
  return line;
}

/** Asks a yes-no question. Returns `undefined` if there is no terminal. */
export async function confirm(
  question: string,
  { stdin, stderr }: Terminal = process,
): Promise<boolean | undefined> {
  if (!isTerminal({ stdin, stderr })) return undefined;
  const lines = createInterface({ input: stdin, output: stderr, historySize: 0 });
  lines.setPrompt(`${question} [y/N] `);
  lines.prompt();
  const answer = await readLine(lines);
  if (answer === undefined) stderr.write('\n');
  return /^\s*y(?:es)?\s*$/i.test(answer ?? '');
}

/** Whether a user can see a question and answer it. */
function isTerminal({ stdin, stderr }: Terminal): boolean {
  return stdin.isTTY && stderr.isTTY;
}

/** Reads one line; `undefined` after Ctrl+C or at the end of the input. */
async function readLine(lines: Interface): Promise<string | undefined> {
  const [line] = await Promise.race([once(lines, 'line'), once(lines, 'close')]);
  lines.close();
  return line;
}

/** Shorter secrets are not replaced, because they occur in ordinary words. */
const SHORTEST_SECRET = 4;

/** Matches characters that a terminal interprets instead of showing. Text from Matomo, a proxy or a file may contain them. */
const CONTROL_CHARACTERS = /[\p{Cc}\p{Bidi_Control}]/gu;

/** Replaces control characters by their escapes in JSON. */
function escapeControl(text: string): string {
  return text.replace(
    CONTROL_CHARACTERS,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * Creates a function that makes foreign text safe to print. It replaces secrets, and user name and password of URLs, because an answer or a
 * mixed-up variable may repeat them. It also escapes control characters.
 */
export function createCleaner(secrets: readonly string[]): (text: string) => string {
  const long = secrets.filter(({ length }) => length >= SHORTEST_SECRET);
  return (text) => escapeControl(withoutUserInfo(long.reduce(hide, text)));
}

/** Replaces a secret. If `show` has cut the text, also replaces the beginning of the secret. */
function hide(text: string, secret: string): string {
  let hidden = text.replaceAll(secret, '…');
  for (let length = secret.length - 1; length >= SHORTEST_SECRET; length--) {
    hidden = hidden.replaceAll(`${secret.slice(0, length)}…`, '…');
  }
  return hidden;
}

/**
 * Wraps text behind a head, between words. A word that is longer than a line, such as a path, is not broken. Multiple spaces become one, and
 * control characters are escaped.
 */
export function wrap(head: string, text: string): string[] {
  const indent = ' '.repeat(head.length);
  const lines: string[] = [];
  let line = '';
  for (const [word] of escapeControl(text).matchAll(/[^ ]+/g)) {
    if (line !== '' && indent.length + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return [...lines, line].map((one, index) => (index === 0 ? head : indent) + one);
}

/** Signals that end a command gracefully: from Ctrl-C, from process managers, and from a terminal that closes. */
const END_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Resolves at the first signal. Later ones are ignored: a terminal that
 * closes sends SIGHUP more than once, and npx passes signals on.
 */
export function untilEndSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of END_SIGNALS) process.on(signal, () => resolve());
  });
}

// Child processes that all end: at their deadline, or with this process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** `ended` resolves to `{ code, signal }` when all of its output is here; at the deadline it is killed. */
export function startChild(command, args, { deadlineMillis, ...options }) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr']) {
    child[stream].setEncoding('utf8').on('data', (text) => {
      output[stream] += text;
    });
  }
  child.stdin.on('error', () => undefined); // it ended before it was asked to
  running.add(child);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, deadlineMillis);
  const ended = once(child, 'close')
    .then(([code, signal]) => ({ code, signal, isLate }))
    .finally(() => {
      clearTimeout(timer);
      running.delete(child);
    });
  ended.catch(() => undefined); // callers that wait for it get the error
  return { child, output, ended };
}

/** Resolves to what a command wrote; rejects with its output where it failed. */
export async function runCommand(command, args, { deadlineMillis = 300_000, ...options } = {}) {
  const { child, output, ended } = startChild(command, args, { deadlineMillis, ...options });
  child.stdin.end();
  const { code, signal, isLate } = await ended;
  if (code === 0) return output.stdout;
  const how = isLate ? `did not end in ${deadlineMillis / 1000} s` : `ended with ${code ?? signal}`;
  throw new Error(`${command} ${args[0]} ${how}: ${firstLines(output.stderr || output.stdout)}`);
}

/** Where a command says what is wrong, before it says where its log is. */
function firstLines(text) {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !/^npm warn/i.test(line));
  return lines.slice(0, 8).join('\n');
}

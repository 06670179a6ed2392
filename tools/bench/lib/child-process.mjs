// Children that answer one message after the other.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/**
 * Starts a script of `parts/`, which loads the package from `folder`; `execPath` is what runs it, if that is not this Node.js. Resolves
 * with the child and the first message that it sends.
 */
export async function start(script, options = {}) {
  const { args = [], folder = '', nodeOptions = [], execPath = process.execPath } = options;
  const child = fork(fileURLToPath(new URL(`../parts/${script}`, import.meta.url)), args, {
    env: { ...process.env, OTEL_NODE_RESOURCE_DETECTORS: 'none', BENCH_PACKAGE: folder },
    execPath,
    execArgv: nodeOptions,
    stdio: ['inherit', 'inherit', 'pipe', 'ipc'],
  });
  createInterface(child.stderr).on('line', (line) => {
    if (!line.endsWith('[tracking]')) process.stderr.write(`${line}\n`);
  });
  return { child, ready: await nextMessage(child) };
}

/** The first message of a script, which is all that is asked of it. */
export async function only(script, options) {
  const { child, ready } = await start(script, options);
  await stop(child);
  return ready;
}

export async function ask(child, question) {
  child.send(question);
  return nextMessage(child);
}

/** Children end by themselves once the channel is closed. */
export async function stop(child) {
  const exited = once(child, 'exit');
  child.disconnect();
  await exited;
}

async function nextMessage(child) {
  const ended = new AbortController();
  const exit = once(child, 'exit', { signal: ended.signal }).then(([code]) => {
    throw new Error(`${child.spawnargs[1]} ended with ${code}`);
  });
  const message = once(child, 'message', { signal: ended.signal }).then(([value]) => value);
  try {
    return await Promise.race([message, exit]);
  } finally {
    exit.catch(() => {});
    message.catch(() => {});
    ended.abort();
  }
}

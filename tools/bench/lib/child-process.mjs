// Children that answer one message after the other.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Starts a script of `parts/`; resolves with the child and the first message that it sends. Its output may be piped. */
export async function start(script, args = [], nodeOptions = [], output = 'inherit') {
  const child = fork(fileURLToPath(new URL(`../parts/${script}`, import.meta.url)), args, {
    env: { ...process.env, OTEL_NODE_RESOURCE_DETECTORS: 'none' },
    execArgv: nodeOptions,
    stdio: ['inherit', output, 'inherit', 'ipc'],
  });
  return { child, ready: await nextMessage(child) };
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

import { Worker } from 'node:worker_threads';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openPoster } from '../../contracts/doors/post.js';

const BULK = '{"requests":[]}';

/** Indexes of what this thread and that of the server tell each other, even while this one stands still. */
const REQUESTS = 0;
const MAY_ANSWER = 1;
const ANSWERS = 2;
const MAY_CLOSE = 3;
const CLOSED = 4;

/** A server in another thread: answers when it may, and closes its connections when it may. */
const SERVER = `
const { parentPort, workerData: state } = require('node:worker_threads');
const add = (index) => {
  Atomics.add(state, index, 1);
  Atomics.notify(state, index);
};
const server = require('node:net').createServer((socket) => {
  let request = '';
  socket.on('error', () => undefined).on('data', (bytes) => {
    request += bytes;
    if (!request.endsWith(${JSON.stringify(BULK)})) return;
    request = '';
    add(${REQUESTS});
    Atomics.wait(state, ${MAY_ANSWER}, 0);
    socket.write('HTTP/1.1 204 No Content\\r\\n\\r\\n', () => add(${ANSWERS}));
  });
  const timer = setInterval(() => {
    if (Atomics.exchange(state, ${MAY_CLOSE}, 0) === 1) socket.end(() => add(${CLOSED}));
  }, 5);
  socket.on('close', () => clearInterval(timer));
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

async function startServer() {
  const state = new Int32Array(new SharedArrayBuffer(20));
  const worker = new Worker(SERVER, { eval: true, workerData: state });
  onTestFinished(async () => void (await worker.terminate()));
  const port = await new Promise((resolve) => worker.once('message', resolve));
  const allow = (index: number) => {
    Atomics.store(state, index, 1);
    Atomics.notify(state, index);
  };
  const standStillUntil = (index: number, count: number) => {
    while (Atomics.load(state, index) < count) Atomics.wait(state, index, count - 1);
  };
  const hasRequest = () => Atomics.load(state, REQUESTS) > 0;
  return { url: `http://127.0.0.1:${port}/`, allow, standStillUntil, hasRequest };
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe('a process that stands still', () => {
  test('the answer that came meanwhile counts, although the time is up', async () => {
    const { url, allow, standStillUntil, hasRequest } = await startServer();
    const poster = openPoster(url);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const sent = poster.post(BULK, 60_000);
    while (!hasRequest()) await nextTurn();
    allow(MAY_ANSWER);
    standStillUntil(ANSWERS, 1);
    vi.advanceTimersByTime(60_000);
    expect((await sent).kind).toBe('answer');
  });

  test('a connection that the server closed meanwhile is not used', async () => {
    const { url, allow, standStillUntil } = await startServer();
    const poster = openPoster(url);
    allow(MAY_ANSWER);
    expect((await poster.post(BULK, 60_000)).kind).toBe('answer');
    for (let i = 0; i < 3; i++) await nextTurn();
    allow(MAY_CLOSE);
    standStillUntil(CLOSED, 1);
    expect((await poster.post(BULK, 60_000)).kind).toBe('answer');
  });
});

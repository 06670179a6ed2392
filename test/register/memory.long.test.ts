import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { startBulkReceiver } from '../support/bulk-receiver.js';
import { eventually, startServer } from '../support/child-process.js';
import { APPS, get, REGISTER, TRACED } from '../support/registered-app.js';

const PER_CONNECTION = 10;
const ABANDONED = 200 * PER_CONNECTION;
const IDLE = 400;
const MAX_MORE_BYTES = 10e6;
const TARGET_BYTES = 12_000;
/** Less than the target of a request. */
const MAX_MORE_BYTES_OF_IDLE = 5000;

const MODES = [
  ['without tracing', REGISTER],
  ['with instrumentation-http', [...TRACED, ...REGISTER]],
] as const;

const headersOf = (target: string) =>
  `GET ${target} HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: Mozilla/5.0\r\n\r\n`;

/** By how many bytes the heap of an application grows. With `isTracked`, all its requests have to make a hit first. */
async function measureGrowth(preloads: readonly string[], isTracked: boolean) {
  const receiver = await startBulkReceiver();
  const app = await startServer(['--expose-gc', ...preloads, `${APPS}/pipelined.cjs`], {
    env: { MATOMO_URL: receiver.url, MATOMO_SITE_ID: '1', MATOMO_SCHEDULE_DELAY: '100' },
  });
  const port = Number(new URL(app.url).port);
  const heap = async (): Promise<{ bytes: number; waiting: number }> => {
    await get(`${app.url}/heap`);
    return JSON.parse(await get(`${app.url}/heap`));
  };
  const trackedHits = (name: string) =>
    receiver.bulks.flatMap(({ names }) => names.filter((one) => one === name)).length;

  /** Sends requests that wait for each other, and leaves. */
  async function abandon(): Promise<void> {
    const socket = connect(port, '127.0.0.1')
      .resume()
      .on('error', () => undefined);
    socket.end(headersOf('/waits').repeat(PER_CONNECTION));
    await once(socket, 'close');
  }

  async function abandonAll(count: number): Promise<number> {
    const { bytes, waiting } = await heap();
    const clients = Array.from({ length: 20 }, async () => {
      for (let i = 0; i < count / PER_CONNECTION / 20; i++) await abandon();
    });
    await Promise.all(clients);
    const seen = (await heap()).waiting;
    expect(seen - waiting).toBe(count);
    if (isTracked) await eventually(() => trackedHits('waits') === seen);
    return (await heap()).bytes - bytes;
  }

  async function idle(count: number): Promise<number> {
    const { bytes } = await heap();
    const sockets: Socket[] = [];
    for (let i = 0; i < count; i++) {
      const socket = connect(port, '127.0.0.1');
      sockets.push(socket);
      socket.write(headersOf(`/answered?${i}${'y'.repeat(TARGET_BYTES)}`));
      await once(socket, 'data');
    }
    if (isTracked) await eventually(() => trackedHits('answered') === count);
    const grown = (await heap()).bytes - bytes;
    for (const socket of sockets) socket.destroy();
    return grown;
  }

  await abandonAll(PER_CONNECTION * 20); // loads and compiles what this takes
  return { abandoned: await abandonAll(ABANDONED), idle: await idle(IDLE) };
}

test.each(MODES)('%s no request stays in memory that has ended', async (_mode, preloads) => {
  const [plain, tracked] = await Promise.all([
    measureGrowth([], false),
    measureGrowth(preloads, true),
  ]);
  expect(tracked.abandoned - plain.abandoned).toBeLessThan(MAX_MORE_BYTES);
  expect((tracked.idle - plain.idle) / IDLE).toBeLessThan(MAX_MORE_BYTES_OF_IDLE);
});

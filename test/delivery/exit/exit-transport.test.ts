import { createServer, type ServerResponse } from 'node:http';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createExitTransport } from '../../../src/delivery/exit/exit-transport.js';
import { createTransport } from '../../../src/delivery/http/create-transport.js';
import { freePort } from '../../support/free-port.js';
import { listen } from '../../support/listen.js';

const LONG_AFTER_A_SIGNAL = 31_000;

/** A transport whose thread sends to one path, and whose live client to another, and the responses that a server has not ended. */
async function start() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const paths: (string | undefined)[] = [];
  const open: ServerResponse[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    paths.push(request.url);
    request.resume().on('end', () => open.push(response));
  });
  server.on('connection', (socket) => {
    connections += 1;
    socket.once('close', () => {
      connections -= 1;
    });
  });
  const origin = await listen(server);
  const to = (path: string) => ({ url: new URL(path, origin), userAgent: 'test/1' });
  const transport = createExitTransport(createTransport(to('/live')), to('/thread'));
  onTestFinished(() => transport.close());
  const send = () => transport.send(Buffer.from('{}'), 60_000);
  const answered = async () => {
    const sent = send();
    await until(() => open.length > 0);
    open.pop()?.end();
    return (await sent).kind;
  };
  return { transport, paths, open, connections: () => connections, send, answered };
}

/** Waits without timers, which are faked. */
async function until(isReached: () => boolean): Promise<void> {
  while (!isReached()) await new Promise((resolve) => setImmediate(resolve));
}

test('a thread sends after a signal, and the live client again if the process goes on', async () => {
  const { transport, paths, connections, answered } = await start();
  expect(await answered()).toBe('answer');
  transport.expectEnd?.();
  expect([await answered(), await answered()]).toEqual(['answer', 'answer']);
  vi.advanceTimersByTime(LONG_AFTER_A_SIGNAL);
  expect(await answered()).toBe('answer');
  expect(paths).toEqual(['/live', '/thread', '/thread', '/live']);
  await until(() => connections() === 1); // that of the thread is closed
});

test('what the thread sends when the process goes on gets its answer', async () => {
  const { transport, open, send, answered } = await start();
  transport.expectEnd?.();
  const sent = send();
  await until(() => open.length > 0);
  expect(transport.isSending?.()).toBe(true);
  vi.advanceTimersByTime(LONG_AFTER_A_SIGNAL);
  open.pop()?.end();
  expect((await sent).kind).toBe('answer');
  expect(transport.waitSync?.(0)).toMatchObject({ kind: 'answer' });
  expect(await answered()).toBe('answer');
  expect(transport.waitSync?.(0)).toBeUndefined();
});

test('closing ends what the thread sends', async () => {
  const { transport, open, send } = await start();
  transport.expectEnd?.();
  const sent = send();
  await until(() => open.length > 0);
  await transport.close();
  expect((await sent).kind).toBe('no_answer');
});

test('at exit, another thread sends if the one before is just being closed', async () => {
  const url = new URL(`http://127.0.0.1:${await freePort()}`);
  const options = { url, userAgent: 'test/1' };
  const transport = createExitTransport(createTransport(options), options);
  transport.expectEnd?.();
  await transport.send(Buffer.from('{}'), 60_000);
  void transport.close();
  const exchange = transport.sendSync?.(Buffer.from('{}'), 30_000);
  expect(String(exchange?.kind === 'not_sent' && exchange.error)).toContain('ECONNREFUSED');
  await transport.close();
});

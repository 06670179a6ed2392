import { createServer } from 'node:http';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startFaultProxy } from '../../support/fault-proxy.js';
import { startHttpProxy } from '../../support/http-proxy.js';
import { listen } from '../../support/listen.js';
import { until } from '../../support/traced-service.js';
import { BULK, nodeTo } from './http-transports.js';

test('a connection that is not established in time: nothing was sent', async () => {
  const wire = await startFaultProxy({ certificate: 'server' });
  await wire.play({ kind: 'stall-handshake' });
  expect(await nodeTo(wire.url).send(BULK, 200)).toMatchObject({
    kind: 'not_sent',
    error: { message: 'no connection within 200 ms' },
  });
});

test('the proxy of the environment gets requests by http, and opens tunnels for https', async () => {
  let seen: string | undefined;
  const proxy = createServer((request, response) => {
    seen = `${request.url} ${request.headers.host}`;
    response.end();
  });
  proxy.on('connect', ({ url }, socket) => {
    seen = url;
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  const origin = await listen(proxy);
  for (const name of ['http_proxy', 'https_proxy']) vi.stubEnv(name, origin);
  for (const name of ['no_proxy', 'NO_PROXY']) vi.stubEnv(name, '');
  onTestFinished(() => void vi.unstubAllEnvs());
  const plain = await nodeTo('http://matomo.example/matomo.php').send(BULK, 5000);
  expect([plain.kind, seen]).toEqual(['answer', 'http://matomo.example/matomo.php matomo.example']);
  const secure = await nodeTo('https://matomo.example/matomo.php').send(BULK, 5000);
  expect([secure.kind, seen]).toEqual(['not_sent', 'matomo.example:443']);
  expect(secure.kind === 'not_sent' && secure.error.message).toContain('403');
});

test.each(['CONNECT', 'TLS handshake'])(
  'a tunnel whose %s has no answer is closed before the next one is opened, and at the end',
  async (what) => {
    const wire = await startFaultProxy({ certificate: 'server' });
    await wire.play({ kind: 'stall-handshake' });
    const proxy = await startHttpProxy(wire.url);
    if (what === 'CONNECT') proxy.stall();
    vi.stubEnv('https_proxy', proxy.url);
    for (const name of ['no_proxy', 'NO_PROXY']) vi.stubEnv(name, '');
    onTestFinished(() => void vi.unstubAllEnvs());
    const transport = nodeTo('https://matomo.example/matomo.php');
    for (let i = 1; i <= 3; i++) {
      expect((await transport.send(BULK, 200)).kind).toBe('not_sent');
      await until(() => proxy.connections() === i && proxy.open() === 1);
    }
    await transport.close();
    await until(() => proxy.open() === 0);
  },
);

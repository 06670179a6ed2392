import { expect, test } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { setEnvironment } from '../../support/environment.js';
import { startFaultProxy } from '../../support/fault-proxy.js';
import { startHttpProxy } from '../../support/http-proxy.js';
import { BULK, nodeTo } from './http-transports.js';

test('a connection that is not established in time: nothing was sent', async () => {
  const wire = await startFaultProxy({ certificate: 'server' });
  await wire.play({ kind: 'stall-handshake' });
  expect(await nodeTo(wire.url).send(BULK, 200)).toMatchObject({
    kind: 'not_sent',
    error: { message: 'no connection within 200 ms' },
  });
});

test.each(['CONNECT', 'TLS handshake'])(
  'a tunnel whose %s has no answer is closed before the next one is opened, and at the end',
  async (what) => {
    const wire = await startFaultProxy({ certificate: 'server' });
    await wire.play({ kind: 'stall-handshake' });
    const proxy = await startHttpProxy(wire.url);
    if (what === 'CONNECT') proxy.stall();
    setEnvironment({ https_proxy: proxy.url, no_proxy: '', NO_PROXY: '' });
    const transport = nodeTo('https://matomo.example/matomo.php');
    for (let i = 1; i <= 3; i++) {
      expect((await transport.send(BULK, 200)).kind).toBe('not_sent');
      await eventually(() => proxy.connections() === i && proxy.open() === 1);
    }
    await transport.close();
    await eventually(() => proxy.open() === 0);
  },
);

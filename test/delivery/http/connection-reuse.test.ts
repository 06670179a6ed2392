import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { BULK, transportTo, urlOf } from './http-transports.js';

describe('after an outage, connections are reused within ten seconds', () => {
  /** A Matomo, and how many bulks each of its connections has had. */
  async function start() {
    const bulks = new Map<Socket, number>();
    let isHanging = false;
    const server = createServer((request, response) => {
      bulks.set(request.socket, (bulks.get(request.socket) ?? 0) + 1);
      request.resume().on('end', () => !isHanging && response.end('{}'));
    });
    const transport = transportTo(await urlOf(server));
    return {
      send: (timeoutMillis = 5000) => transport.send(BULK, timeoutMillis),
      hang() {
        isHanging = true;
        bulks.clear();
      },
      /** Connections that have had a bulk since it hangs. */
      connections: () => bulks.size,
      /** Closes all connections, which is not announced, and is well from now on. */
      restart() {
        isHanging = false;
        for (const socket of bulks.keys()) socket.destroy();
      },
      /** Sends until a connection has had 20 bulks. */
      async untilReused(): Promise<number> {
        const start = performance.now();
        bulks.clear();
        await eventually(async () => {
          await transport.send(BULK, 5000);
          return [...bulks.values()].some((count) => count === 20);
        });
        return performance.now() - start;
      },
    };
  }

  test('Matomo hangs, then closes its connections', async () => {
    const matomo = await start();
    await matomo.untilReused();
    matomo.hang();
    await eventually(async () => (await matomo.send(100)).kind === 'no_answer');
    const sent = matomo.send();
    await eventually(() => matomo.connections() === 2);
    matomo.restart();
    expect((await sent).kind).toBe('no_answer');
    expect(await matomo.untilReused()).toBeLessThan(10_000);
  });

  test('Matomo closes idle connections', async () => {
    const matomo = await start();
    await matomo.untilReused();
    matomo.restart();
    expect(await matomo.untilReused()).toBeLessThan(10_000);
  });
});

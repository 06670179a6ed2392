import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { eventually } from '../support/child-process.js';
import { sendSpans, startGateway } from '../support/gateway.js';

const MEBIBYTE = 1024 ** 2;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

test('clients that stop in the middle of large bodies take no more memory than some bodies have', async () => {
  const clients = 60;
  const { gateway } = await startGateway();
  const part = Buffer.alloc(4 * MEBIBYTE - 1024);
  const head = `POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${4 * MEBIBYTE}\r\n\r\n`;
  // Bodies that were refused are garbage that is collected when V8 likes.
  const held = () => {
    collectGarbage();
    return process.memoryUsage().arrayBuffers;
  };
  const before = held();
  let most = 0;
  let full = 0;
  let refused = 0;
  const sockets = Array.from({ length: clients }, () => {
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.setEncoding('utf8').on('data', (answer: string) => {
      if (answer.startsWith('HTTP/1.1 429')) full += 1;
      refused += 1;
      most = Math.max(most, held() - before);
    });
    socket.write(head);
    socket.write(part);
    return socket;
  });
  await eventually(() => {
    most = Math.max(most, held() - before);
    return refused === clients; // bodies that found room time out after some seconds, and make room for others
  });
  expect(full).toBeGreaterThan(0);
  expect(full).toBeLessThan(clients);
  expect(most).toBeGreaterThan(8 * 4 * MEBIBYTE);
  expect(most).toBeLessThan(24 * 4 * MEBIBYTE);
  expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
  for (const socket of sockets) socket.destroy();
  await eventually(async () => (await sendSpans(gateway, '{}')).status === 200);
});

import { expect, test } from 'vitest';
import { findForeignSender } from '../../src/gateway/receiver/server.js';
import { startGateway } from '../support/gateway.js';
import { rawRequest, sendRaw, statusOf } from '../support/raw-request.js';

/** The status of an export, or of a request for something else, with these headers. */
async function ask(
  { url }: { readonly url: string },
  headers: readonly string[],
  target = '/v1/traces',
): Promise<number> {
  const lines = [...headers, 'Content-Type: application/json', 'Content-Length: 2'];
  const bytes = `${rawRequest(target, lines, 'POST')}{}`;
  return statusOf(await sendRaw({ port: Number(new URL(url).port) }, bytes));
}

test.each([
  ['127.0.0.1:4318', 200],
  ['LocalHost:4318', 200],
  ['host.docker.internal:4318', 200],
  ['attacker.example', 403],
  ['', 403],
])('on loopback, Host: %s is answered %i', async (host, status) => {
  const { gateway } = await startGateway();
  expect(await ask(gateway, [`Host: ${host}`])).toBe(status);
  expect(await ask(gateway, [`Host: ${host}`], '/healthz')).toBe(status);
});

test('a name in listen is right as Host', () => {
  const foreign = (host: string, listen: string) =>
    findForeignSender({ host }, '127.0.0.1', listen) !== undefined;
  expect(foreign('Gateway.Internal:4318', 'gateway.internal')).toBe(false);
  expect(foreign('gateway.internal', '127.0.0.1')).toBe(true);
  expect(foreign('other.internal', 'gateway.internal')).toBe(true);
});

test('a gateway that listens on a name of loopback is on loopback', async () => {
  const { gateway } = await startGateway({ listen: 'localhost:0' });
  const answer = await fetch(`http://localhost:${new URL(gateway.url).port}/healthz`);
  expect(answer.status).toBe(200);
});

test('on other addresses any Host is right, as the name of a service in Kubernetes is', async () => {
  const { gateway } = await startGateway({ listen: '0.0.0.0:0' });
  expect(await ask(gateway, ['Host: otel-gateway:4318'])).toBe(200);
});

test.each([
  ['127.0.0.1:0', 'Origin: https://attacker.example'],
  ['127.0.0.1:0', 'Origin: null'],
  ['127.0.0.1:0', 'Sec-Fetch-Site: cross-site'],
  ['0.0.0.0:0', 'Origin: https://attacker.example'],
  ['0.0.0.0:0', 'Sec-Fetch-Site: cross-site'],
])('at %s a request with %s is answered 403', async (listen, header) => {
  const { gateway } = await startGateway({ listen });
  expect(await ask(gateway, ['Host: 127.0.0.1', header])).toBe(403);
  expect(gateway.stats().spans.received).toBe(0);
});

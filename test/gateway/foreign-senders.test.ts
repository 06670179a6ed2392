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

const LOOPBACK = '127.0.0.1:0';
const ANY = '0.0.0.0:0';
const ORIGIN = 'Origin: https://attacker.example';

test.each<[listen: string, status: number, host: string, ...others: string[]]>([
  [LOOPBACK, 200, '127.0.0.1:4318'],
  [LOOPBACK, 200, 'LocalHost:4318'],
  [LOOPBACK, 200, 'host.docker.internal:4318'],
  [LOOPBACK, 403, 'attacker.example'],
  [LOOPBACK, 403, ''],
  [LOOPBACK, 403, '127.0.0.1', ORIGIN],
  [LOOPBACK, 403, '127.0.0.1', 'Origin: null'],
  [LOOPBACK, 403, '127.0.0.1', 'Sec-Fetch-Site: cross-site'],
  // As the name of a service in Kubernetes is.
  [ANY, 200, 'otel-gateway:4318'],
  [ANY, 403, '127.0.0.1', ORIGIN],
  [ANY, 403, '127.0.0.1', 'Sec-Fetch-Site: cross-site'],
])('at %s, %i is the answer to the host %j (%s)', async (listen, status, host, ...others) => {
  const { gateway } = await startGateway({ listen });
  expect(await ask(gateway, [`Host: ${host}`, ...others])).toBe(status);
  expect(await ask(gateway, [`Host: ${host}`, ...others], '/healthz')).toBe(status);
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

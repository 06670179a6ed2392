import { truncateSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { freePort } from '../../support/free-port.js';
import { sampled } from '../../support/long.js';
import { matrix, OWN_NODE, packBeforeTests, preparePlace } from '../../support/matrix.js';
import { startNginx } from '../../support/nginx.js';
import { REGISTER, startTracked } from '../../support/registered-app.js';
import { requires } from '../../support/skips.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

requires('nginx');

const npmPackage = packBeforeTests();

const SERVERS = {
  'serve-handler': '6.1.8',
  koa: '3.2.1',
  'koa-static': '5.0.0',
  sirv: '3.0.2',
  hono: '4.13.19',
  '@hono/node-server': '2.1.8',
};
const WITHOUT_SDK = { node: OWN_NODE, setUp: { name: 'static', dependencies: SERVERS } };
const WITH_SDK = {
  node: OWN_NODE,
  setUp: {
    name: 'static-traced',
    dependencies: { ...SERVERS, ...matrix.SDKS['2.12']?.dependencies },
  },
};

const ROUNDS = sampled(6, 24);
const AT_A_TIME = 6;
const PAGE_BYTES = 300_000;
/** Half of it is more than Linux buffers for a connection: 32 MiB to receive and 4 MiB to send. */
const LARGE_BYTES = 96 << 20;

const ALONE = ['serve-handler', 'koa-static', 'sirv', 'Hono serveStatic'].map((framework) => ({
  framework,
  way: 'without an SDK',
  cell: WITHOUT_SDK,
}));
const TRACED = { framework: 'sirv', way: 'with an SDK', cell: WITH_SDK };

test.for(sampled(ALONE, [...ALONE, TRACED]))(
  '$framework $way, directly and behind nginx: complete responses are never 499, half ones always',
  async ({ framework, cell }) => {
    const { folder } = await preparePlace(cell, npmPackage());
    const { inspector, app } = await startTracked(
      [...REGISTER, 'static.cjs'],
      { FRAMEWORK: framework, FILES: createFiles(), MATOMO_SCHEDULE_DELAY: '100' },
      { cwd: folder },
    );
    const port = Number(new URL(app.url).port);
    const proxyPort = await freePort();
    await startNginx(
      `server { listen 127.0.0.1:${proxyPort}; location / { proxy_pass http://127.0.0.1:${port}; } }`,
      proxyPort,
    );
    await repeat(() => readThenLeave(port, '/page.html', PAGE_BYTES));
    await repeat(async () => {
      const response = await fetch(`http://127.0.0.1:${proxyPort}/page.html`);
      expect((await response.arrayBuffer()).byteLength).toBe(PAGE_BYTES);
    });
    await repeat(() => readThenLeave(port, '/large.pdf', LARGE_BYTES / 2));
    await eventually(() => inspector.hits().length >= 3 * ROUNDS);
    await app.stop();
    const counts: Record<string, number> = {};
    for (const { params, stored } of inspector.hits()) {
      const key = `${new URL(params.url ?? '').pathname} ${stored?.custom_var_v1}`;
      counts[key] = (counts[key] ?? 0) + 1;
    }
    expect(counts).toEqual({ '/page.html 200': 2 * ROUNDS, '/large.pdf 499': ROUNDS });
    expect(app.stderr()).not.toMatch(/^opentelemetry-matomo/m); // Koa logs clients that leave
  },
);

function createFiles(): string {
  const folder = temporaryFolder();
  for (const [name, size] of [
    ['page.html', PAGE_BYTES] as const,
    ['large.pdf', LARGE_BYTES] as const,
  ]) {
    writeFileSync(join(folder, name), '');
    truncateSync(join(folder, name), size);
  }
  return folder;
}

async function repeat(run: () => Promise<void>): Promise<void> {
  for (let round = 0; round < ROUNDS; round += AT_A_TIME)
    await Promise.all(Array.from({ length: AT_A_TIME }, run));
}

/** As curl does: closes the connection as soon as it has so many bytes of the body. */
async function readThenLeave(port: number, path: string, bytes: number): Promise<void> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: shop.example\r\n\r\n`);
  let head: string | undefined = '';
  let received = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    received += chunk.length;
    if (head !== undefined) {
      head += chunk.toString('latin1');
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) continue;
      expect(head).toMatch(/^HTTP\/1\.1 200 /);
      received -= end + 4;
      head = undefined;
    }
    if (received >= bytes) break; // destroys the socket
  }
  expect(received).toBeGreaterThanOrEqual(bytes);
}

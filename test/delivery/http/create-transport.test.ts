import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createHttpTransport } from '../../../src/delivery/http/http-transport.js';
import { secondCopy } from '../../support/installed-app.js';
import { get, startTracked } from '../../support/registered-app.js';
import { BULK } from './http-transports.js';

test('without undici, hits are sent through node:http, and one line is logged', async () => {
  const folder = join(secondCopy(), '../..');
  rmSync(join(folder, 'node_modules/undici'));
  writeFileSync(
    join(folder, 'app.cjs'),
    `require('opentelemetry-matomo/register');
    const server = require('node:http').createServer((_, response) => response.end());
    server.listen(0, '127.0.0.1', () => console.log('http://127.0.0.1:' + server.address().port));`,
  );
  const { inspector, app } = await startTracked(
    ['app.cjs'],
    { MATOMO_SCHEDULE_DELAY: '50' },
    { cwd: folder },
  );
  for (const path of ['/a', '/b']) {
    await get(app.url + path);
    await expect.poll(() => inspector.hits().at(-1)?.stored?.title).toBe(`GET ${path}`);
  }
  await app.stop();
  expect(app.stderr().match(/\[.+\]/g)).toEqual(['[bundled]']);
});

test('a shutdown does not wait for a client that is still being loaded', async () => {
  const transport = createHttpTransport(() => new Promise(() => undefined));
  const sent = transport.send(BULK, 5000);
  await transport.close();
  expect(await sent).toMatchObject({ kind: 'not_sent' });
});

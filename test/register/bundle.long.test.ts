import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { test } from 'vitest';
import { eventually, ROOT, startServer } from '../support/child-process.js';
import { freePort } from '../support/free-port.js';
import { get, matomo } from '../support/registered-app.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const APP = `
import 'opentelemetry-matomo/register';
import { createServer } from 'node:http';
const server = createServer((request, response) => {
  response.end('ok');
});
server.listen(process.env.PORT, '127.0.0.1', () => {
  console.log('http://127.0.0.1:' + server.address().port);
});
`;
test('a bundle that is an ES module loads redis, which is installed beside it', async () => {
  const { env } = await matomo();
  const cwd = temporaryFolder();
  symlinkSync(join(ROOT, 'node_modules'), join(cwd, 'node_modules'));
  writeFileSync(join(cwd, 'app.mjs'), APP);
  const bundle = await rolldown({ input: join(cwd, 'app.mjs'), platform: 'node' });
  const file = join(cwd, 'bundle.mjs');
  await bundle.write({ file, format: 'esm', codeSplitting: false });
  const spool = `redis://127.0.0.1:${await freePort()}`;
  const app = await startServer([file], { cwd, env: { ...env, MATOMO_SPOOL: spool } });
  await get(`${app.url}/a`);
  await eventually(() => app.stderr().includes('ECONNREFUSED'), { describe: app.stderr });
  await app.stop();
});

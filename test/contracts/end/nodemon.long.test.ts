import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually, ROOT, startNode } from '../../support/child-process.js';
import { installPackagesBeforeTests } from '../../support/matrix.js';
import { get, matomo, titles } from '../../support/registered-app.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const findNodemon = installPackagesBeforeTests({
  name: 'nodemon',
  dependencies: { nodemon: '3' },
});
const PRELOAD = `${ROOT}dist/cjs/register.js`;

// If the test fails, nodemon is killed: its application then ends by itself.
const toApp = (generation: number) => `
const parent = process.ppid;
setInterval(() => process.ppid === parent || process.exit(), 5000).unref();
const server = require('node:http').createServer((request, response) => response.end('ok'));
server.listen(0, '127.0.0.1', () => {
  console.log('generation ${generation} http://127.0.0.1:' + server.address().port + ' ');
});
`;

test('nodemon: a restart delivers what is queued, and nodemon itself prints nothing of it', async () => {
  const folder = temporaryFolder();
  const nodemon = join(findNodemon(), 'node_modules/nodemon/bin/nodemon.js');
  const ways = [
    { args: ['--require', PRELOAD], environment: {} },
    { args: [], environment: { NODE_OPTIONS: `--require ${PRELOAD}` } },
  ];
  for (const { args, environment } of ways) {
    writeFileSync(join(folder, 'app.js'), toApp(1));
    const { inspector, env } = await matomo();
    // Only the end of a process sends.
    const queued = { ...env, ...environment, MATOMO_SCHEDULE_DELAY: '600000' };
    const child = startNode(
      [nodemon, '--no-update-notifier', '--delay', '10ms', ...args, 'app.js'],
      {
        cwd: folder,
        env: queued,
      },
    );
    const urlOf = (generation: number) =>
      eventually(() => new RegExp(`generation ${generation} (\\S+) `).exec(child.stdout())?.[1], {
        describe: () => child.stdout() + child.stderr(),
      });

    await get(`${await urlOf(1)}/first`);
    expect(titles(inspector)).toEqual([]);
    writeFileSync(join(folder, 'app.js'), toApp(2));
    const url = await urlOf(2);
    expect(titles(inspector)).toEqual(['GET /first']);
    await get(`${url}/second`);
    child.kill('SIGINT');
    await child.exit();
    await eventually(() => titles(inspector).length === 2);
    expect(titles(inspector)).toEqual(['GET /first', 'GET /second']);
    expect(child.stdout() + child.stderr()).not.toContain('opentelemetry-matomo:');
  }
});

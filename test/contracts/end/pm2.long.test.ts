import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { eventually, ROOT, runNode } from '../../support/child-process.js';
import { freePort } from '../../support/free-port.js';
import { installPackagesBeforeTests } from '../../support/matrix.js';
import { matomo, titles } from '../../support/registered-app.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const findPm2 = installPackagesBeforeTests({ name: 'pm2', dependencies: { pm2: '6' } });

const APP = `
require('node:http')
  .createServer((request, response) => response.end(String(process.pid)))
  .listen(process.env.APP_PORT, '127.0.0.1');
`;

test.each(['fork', 'cluster'])(
  'PM2 in %s mode, with the environment in its file: reload loses no request',
  async (mode) => {
    const folder = temporaryFolder();
    const { inspector, env: site } = await matomo();
    const port = String(await freePort());
    const app = {
      name: 'shop',
      script: 'app.js',
      node_args: `--require ${ROOT}dist/cjs/register.js`,
      exec_mode: mode,
      // PM2 kills a process that takes longer than 1.6 s to end, or 3 s to listen.
      kill_timeout: 60_000,
      listen_timeout: 60_000,
      instances: mode === 'cluster' ? 2 : 1,
      env: { ...site, APP_PORT: port, OTEL_LOG_LEVEL: 'WARN' },
    };
    writeFileSync(join(folder, 'app.js'), APP);
    writeFileSync(
      join(folder, 'ecosystem.config.js'),
      `module.exports = ${JSON.stringify({ apps: [app] })};`,
    );
    const env = { PM2_HOME: join(folder, '.pm2'), PM2_DISCRETE_MODE: 'true' };
    const pm2 = async (...args: string[]) => {
      const bin = join(findPm2(), 'node_modules/pm2/bin/pm2');
      const child = await runNode([bin, ...args], { cwd: folder, env, timeoutMillis: 120_000 });
      expect(child.code, child.stdout + child.stderr).toBe(0);
      return child.stdout;
    };
    onTestFinished(async () => void (await pm2('kill')));
    const url = `http://127.0.0.1:${port}`;
    const answered: string[] = [];
    const ask = async (path: string) => {
      // A connection that PM2 took while no worker was free may never be answered.
      const signal = AbortSignal.timeout(5_000);
      const response = await fetch(url + path, { headers: { connection: 'close' }, signal }).catch(
        () => undefined,
      );
      const pid = await response?.text().catch(() => undefined);
      if (pid !== undefined) answered.push(pid);
      return pid !== undefined;
    };

    await pm2('start', 'ecosystem.config.js');
    await eventually(() => ask('/first'));
    let isReloading = true;
    const reloaded = pm2('reload', 'shop').finally(() => {
      isReloading = false;
    });
    while (isReloading) await ask('/during');
    await reloaded;
    await eventually(() => ask('/last'));
    await pm2('stop', 'shop');
    const pids = new Set(answered);
    expect(pids.size).toBeGreaterThanOrEqual(2);
    // A response that a process sent at its very end may not have come through.
    expect(titles(inspector).length).toBeGreaterThanOrEqual(answered.length);
    for (const title of ['GET /first', 'GET /during', 'GET /last']) {
      expect(titles(inspector)).toContain(title);
    }
    expect(await pm2('logs', '--nostream', '--err', '--lines', '50')).not.toContain(
      'opentelemetry-matomo:',
    );
  },
);

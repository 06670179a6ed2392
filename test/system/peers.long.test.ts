import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { startBulkReceiver } from '../support/bulk-receiver.js';
import { eventually, ROOT, startServer } from '../support/child-process.js';
import { npm, packPackage } from '../support/installed-app.js';
import { sampled } from '../support/long.js';
import { startRedis } from '../support/redis-server.js';
import { APPS, get, REGISTER } from '../support/registered-app.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** `5.0.0` of `>=5 <7`. */
const lowest = (range: string) => range.replace(/^>=(\S+).*/, '$1').replace(/^\d+$/, '$&.0.0');

const newest = (range: string) => range;

test.each(sampled([lowest], [lowest, newest]))(
  'with the versions of peers that %o gives, Redis keeps hits until Matomo processes them',
  async (of) => {
    const cwd = temporaryFolder();
    const peers = Object.entries(packageJson.peerDependencies).map(
      ([name, range]) => `${name}@${of(range)}`,
    );
    await npm(cwd, ['init', '--yes']);
    await npm(cwd, ['install', '--ignore-scripts', await packPackage(), ...peers]);
    cpSync(join(ROOT, APPS, 'plain-http.cjs'), join(cwd, 'app.cjs'));
    const redis = await startRedis();
    const matomo = await startBulkReceiver();
    const app = await startServer([...REGISTER, 'app.cjs'], {
      cwd,
      env: {
        ...{ MATOMO_URL: matomo.url, MATOMO_SITE_ID: '1' },
        ...{ MATOMO_SPOOL: redis.url, MATOMO_SCHEDULE_DELAY: '100' },
      },
    });
    const describe = () => `${matomo.tracked()}\n${app.stderr()}`;
    const tracked = (names: string) =>
      eventually(() => matomo.tracked().join() === names, { describe });
    await get(`${app.url}/1`);
    await tracked('1');
    matomo.play({ refusals: Number.POSITIVE_INFINITY });
    await get(`${app.url}/2`);
    const isStored = async () => (await redis.command('XLEN', 'matomo-spool:hits')) === 1;
    await eventually(isStored, { describe });
    matomo.play({});
    await tracked('1,2');
    expect((await app.stop()).signal).toBe('SIGTERM');
  },
);

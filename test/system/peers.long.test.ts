import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startBulkReceiver } from '../support/bulk-receiver.js';
import { eventually, ROOT } from '../support/child-process.js';
import { npm, packPackage } from '../support/installed-app.js';
import { sampled } from '../support/long.js';
import { startRedis } from '../support/redis-server.js';
import { SPOOL_WORKER, type SpoolWorker, startSpoolWorker } from '../support/spool-workers.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const { peerDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  peerDependencies: Record<string, string>;
};
const RANGES = Object.entries(peerDependencies).filter(([, range]) => range !== '*');
/** Hits of a request: its page view, and one of each additional kind. */
const HITS = 5;

const LOWEST = ['lowest', '1', lowestOf] as const;
const NEWEST = ['newest', '3', newestOf] as const;

test.each(sampled([LOWEST], [LOWEST, NEWEST]))(
  'with the %s versions of peers, additional hits find their request, and a Redis that was killed is used again',
  async (_which, contextManager, versionOf) => {
    const folder = temporaryFolder();
    const peers = await Promise.all(
      RANGES.map(async ([name, range]) => `${name}@${await versionOf(name, range)}`),
    );
    await npm(folder, ['init', '--yes']);
    await npm(folder, [
      'install',
      '--ignore-scripts',
      await packPackage(),
      `@opentelemetry/context-async-hooks@${contextManager}`,
      ...peers,
    ]);
    const script = join(folder, 'worker.mjs');
    cpSync(SPOOL_WORKER, script);

    const redis = await startRedis();
    const matomo = await startBulkReceiver();
    const env = { MATOMO_URL: matomo.url, MATOMO_SPOOL: redis.url, ADDITIONAL: '1' };
    const worker = startSpoolWorker(env, script);
    const tracked = (requests: number) =>
      eventually(async () => (await worker.stats()).tracked === requests * HITS, {
        describe: worker.stderr,
      });
    await worker.request(2);
    await tracked(2);
    await redis.kill();
    await worker.request(1);
    await tracked(3); // from memory
    matomo.play({ refusals: Number.POSITIVE_INFINITY });
    await redis.start();
    await worker.request(1);
    await eventually(async () => (await countSpooled(worker)) === HITS, {
      describe: worker.stderr,
    });
    let stored: unknown;
    const isStored = async () => {
      stored = await redis.command('XLEN', 'matomo-spool:hits');
      return stored === HITS;
    };
    await eventually(isStored, { describe: () => `${stored} hits in Redis\n${worker.stderr()}` });
    matomo.play({});
    await tracked(4);
    expect(worker.lawless).toEqual([]);
    expect(matomo.bulks.filter(({ additional }) => additional > 0)).not.toEqual([]);
  },
);

/** `5.0.0` of `>=5 <7`. */
async function lowestOf(_name: string, range: string): Promise<string> {
  const [, version = ''] = /^>=(\S+)/.exec(range) ?? [];
  return [...version.split('.'), '0', '0'].slice(0, 3).join('.');
}

async function newestOf(name: string, range: string): Promise<string> {
  const found = await npm(ROOT, ['view', `${name}@${range}`, 'version', '--json']);
  const versions = [JSON.parse(found)].flat() as string[];
  const [newest = ''] = versions.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  return newest;
}

/** Hits of a worker that wait in the spool. */
async function countSpooled(worker: SpoolWorker): Promise<number> {
  const { stored, claimed } = await worker.stats();
  return stored - claimed;
}

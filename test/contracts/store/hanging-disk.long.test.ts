import { Agent, get } from 'node:http';
import { expect, test } from 'vitest';
import { startBulkReceiver } from '../../support/bulk-receiver.js';
import { eventually, startServer } from '../../support/child-process.js';
import { createHangingDisk } from '../../support/hanging-disk.js';
import { REGISTER } from '../../support/registered-app.js';
import { sorted } from '../../support/sorted.js';
import { linesIn } from '../../support/spool.js';

const APP = 'test/contracts/doors/hanging-app.cjs';
const REQUESTS = 300;
const PATIENCE = { timeoutMillis: 60_000 };

test('while the disk of a spool hangs, requests are answered as fast as before, hits are sent from memory, and none twice when it goes on', async () => {
  const disk = createHangingDisk();
  const matomo = await startBulkReceiver();
  const env = {
    ...disk.env,
    ...{ MATOMO_URL: matomo.url, MATOMO_SITE_ID: '1', MATOMO_SPOOL: disk.folder },
    ...{ MATOMO_SCHEDULE_DELAY: '300', UV_THREADPOOL_SIZE: '2' },
  };
  const app = await startServer([...REGISTER, APP], { env });
  const agent = new Agent({ keepAlive: true });
  const sent: string[] = [];

  async function request(path: string): Promise<string> {
    sent.push(path);
    return new Promise((resolve, reject) => {
      const options = { agent };
      get(`${app.url}/${path}`, options, (response) => {
        let body = '';
        response.on('data', (data) => {
          body += data;
        });
        response.on('end', () => resolve(body));
      }).on('error', reject);
    });
  }

  /** The time of a request, in milliseconds: of the one in the middle. */
  async function measure(name: string): Promise<number> {
    const times: number[] = [];
    for (let i = 0; i < REQUESTS; i++) {
      const startMillis = performance.now();
      expect(await request(`${name}-${i}`)).toBe('ok');
      times.push(performance.now() - startMillis);
    }
    return times.sort((a, b) => a - b)[Math.floor(REQUESTS / 2)] as number;
  }

  const arrived = (name: string) =>
    eventually(() => matomo.tracked().includes(name), { ...PATIENCE, describe: app.stderr });
  await measure('warm');
  const usual = [await measure('before')];
  await arrived(`before-${REQUESTS - 1}`);
  disk.hang();
  const meanwhile = [await measure('begins')];
  await eventually(() => app.stderr().includes('[spool-not-written]'), PATIENCE);
  meanwhile.push(await measure('hangs'));
  // One of two threads hangs at most.
  for (let i = 0; i < 4; i++) expect(await request(`file-${i}`)).toBe('ok');
  await arrived(`hangs-${REQUESTS - 1}`);
  disk.goOn();
  usual.push(await measure('after'));
  await arrived(`after-${REQUESTS - 1}`);
  await eventually(() => matomo.tracked().length >= sent.length, PATIENCE);
  await eventually(() => linesIn(disk.folder).length === 0, PATIENCE);
  expect(sorted(matomo.tracked())).toEqual(sorted(sent));
  expect(app.stderr().match(/\[spool-[\w-]+\]/g)).toEqual([
    '[spool-not-written]',
    '[spool-written-again]',
  ]);
  expect(Math.min(...meanwhile)).toBeLessThan(2 * Math.max(...usual));
});

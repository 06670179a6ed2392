import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { eventually } from '../../../support/child-process.js';
import { listen } from '../../../support/listen.js';
import { startMatomo } from '../../../support/matomo.js';
import { requires } from '../../../support/skips.js';
import { sorted } from '../../../support/sorted.js';
import { filesIn, linesIn } from '../../../support/spool.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';
import { startSpoolWorker } from '../spool-workers.js';

async function setUp(env: Record<string, string> = {}) {
  const folder = join(temporaryFolder(), 'spool');
  const inspector = await startMatomo();
  const start = (more: Record<string, string> = {}) =>
    startSpoolWorker({ MATOMO_URL: inspector.url, MATOMO_SPOOL: folder, ...env, ...more });
  return { folder, inspector, start };
}

test('each process of a folder sends its own hits, in bulks ordered by visitor and time', async () => {
  const bulks: string[][] = [];
  const inFlight = new Map<object, number>();
  const url = await listen(async (request, response) => {
    const count = (inFlight.get(request.socket) ?? 0) + 1;
    inFlight.set(request.socket, count);
    expect(count).toBe(1);
    const { requests } = (await json(request)) as { requests: string[] };
    bulks.push(requests);
    await new Promise((resolve) => setTimeout(resolve, 30));
    inFlight.set(request.socket, 0);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ status: 'success', tracked: requests.length, invalid: 0 }));
  });
  const { start } = await setUp({ MATOMO_URL: url, RATE: '200' });
  const workers = [start(), start(), start()];
  await eventually(() => bulks.flat().length > 1500);
  const keys = bulks.map((requests) =>
    requests.map((query) => {
      const parameters = new URLSearchParams(query);
      return `${parameters.get('cid')} ${parameters.get('cdt')}`;
    }),
  );
  for (const ofBulk of keys) expect(ofBulk).toEqual(sorted(ofBulk));
  const workersOf = (requests: string[]) =>
    new Set(requests.map((query) => /w\d+-/.exec(query)?.[0]));
  for (const requests of bulks) expect(workersOf(requests).size).toBe(1);
  for (const worker of workers) {
    expect(worker.lawless).toEqual([]);
    expect(await worker.stats()).toMatchObject({ takenOver: 0 });
  }
});

test('what was spooled before a restart is sent after it, by the same visitor', async () => {
  const { inspector, start, folder } = await setUp();
  inspector.play({ status: 503 });
  const first = start();
  await first.request(5);
  expect(await first.shutdown()).toMatchObject({ pending: 5, spooled: 5, lost: { shutdown: 0 } });
  expect(linesIn(folder)).toHaveLength(5);
  inspector.play();
  const second = start();
  await second.request(1);
  await eventually(async () => (await second.stats()).tracked === 6);
  expect(new Set(inspector.hits().map(({ params }) => params.cid)).size).toBe(1);
});

test('the folder and its files are for their owner alone, and hold no token', async () => {
  requires('file modes');
  const token = 'f00dfacef00dfacef00dfacef00dface';
  const { inspector, start, folder } = await setUp({ MATOMO_TOKEN_AUTH: token });
  inspector.play({ status: 503 });
  const worker = start();
  await worker.request(3);
  await eventually(async () => (await worker.stats()).spooled === 3);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  const files = filesIn(folder, '');
  expect(files.length).toBeGreaterThanOrEqual(3);
  for (const file of files) expect([file, statSync(file).mode & 0o777]).toEqual([file, 0o600]);
  for (const file of files) expect(readFileSync(file, 'latin1')).not.toContain(token);
});

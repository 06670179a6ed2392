import { expect, test } from 'vitest';
import type { Inspector } from '../../../../src/inspector/index.js';
import type { MatomoStats } from '../../../../src/pipeline/stats.js';
import { eventually } from '../../../support/child-process.js';
import { startMatomo } from '../../../support/matomo.js';
import { filesIn } from '../../../support/spool.js';
import { mountTinyDisk } from '../../../support/tiny-disk.js';
import { type SpoolWorker, startSpoolWorker } from '../spool-workers.js';

const PATIENCE = { timeoutMillis: 40_000 };
const FULL = /\(ENOSPC\).*\[spool-not-written\]/g;

/** Segments have an eighth of `maxSpoolBytes`: the last one of a running process stays, the others make room. */
async function setUp(maxSpoolBytes = 1024 ** 2) {
  const disk = await mountTinyDisk(256);
  const inspector = await startMatomo();
  inspector.play({ status: 503 });
  const env = { MATOMO_MAX_SPOOL_BYTES: String(maxSpoolBytes), MATOMO_SPOOL: disk.folder };
  const start = () => startSpoolWorker({ MATOMO_URL: inspector.url, ...env }, disk.prefix);
  return { disk, inspector, start };
}

const timesSaid = (worker: SpoolWorker) => worker.stderr().match(FULL)?.length ?? 0;

/** How often each hit arrived. */
function arrivals(inspector: Inspector): Map<string, number> {
  const times = new Map<string, number>();
  for (const { params } of inspector.hits()) {
    const name = new URL(params.url ?? '').pathname.slice(1);
    times.set(name, (times.get(name) ?? 0) + 1);
  }
  return times;
}

function eventuallySent(worker: SpoolWorker): Promise<MatomoStats> {
  return eventually(async () => {
    const stats = await worker.stats();
    return stats.pending === 0 && stats;
  }, PATIENCE);
}

test('a disk that is full at the start: the spool is used as soon as there is room', {
  timeout: 90_000,
}, async () => {
  const { disk, start } = await setUp();
  disk.fill();
  const worker = start();
  await worker.request(5);
  await eventually(() => worker.stderr().includes('[spool-not-used]'), PATIENCE);
  expect(worker.stderr()).toMatch(/ENOSPC.*\[spool-not-used\]/);
  disk.makeRoom();
  await eventually(async () => (await worker.stats()).spooled === 5, PATIENCE);
  expect(worker.stderr()).not.toContain('cannot read');
});

test('a disk that fills up while Matomo is unavailable: hits wait in memory, and all are sent once when it is back', {
  timeout: 90_000,
}, async () => {
  const { disk, inspector, start } = await setUp();
  const worker = start();
  await eventually(async () => {
    await worker.request(20);
    return timesSaid(worker) > 0;
  }, PATIENCE);
  const before = await worker.stats();
  const later = await worker.request(300);
  expect(later).toMatchObject({ hits: before.hits + 300, pending: before.hits + 300 });
  expect(later.spooled).toBeLessThan(before.hits);
  expect(later.spooled).toBeGreaterThan(100);
  inspector.play();
  expect(await eventuallySent(worker)).toMatchObject({
    tracked: later.hits,
    spooled: 0,
    lost: { queue_full: 0, spool: 0, unconfirmed: 0 },
  });
  const arrived = arrivals(inspector);
  expect([...worker.ended.keys()].filter((name) => arrived.get(name) !== 1)).toEqual([]);
  expect(arrived.size).toBe(later.hits);
  // What was sent has made room.
  inspector.play({ status: 503 });
  await eventually(async () => (await worker.request(1)).spooled > 0, PATIENCE);
  expect(filesIn(disk.outside, '.hits').length).toBeGreaterThan(0);
  inspector.play();
  await eventuallySent(worker);
  await eventually(() => worker.stderr().includes('[spool-written-again]'));
  expect(worker.lawless).toEqual([]);
});

test('memory that is full as well: what is too much is counted', {
  timeout: 90_000,
}, async () => {
  // More than memory holds: a retry takes all queued hits, and those beyond `maxSpoolBytes` would be lost in the spool.
  const { disk, inspector, start } = await setUp(16 * 1024 ** 2);
  const worker = start();
  await eventually(() => filesIn(disk.outside, 'alive').length === 1);
  disk.fill();
  await eventually(async () => (await worker.request(500)).lost.queue_full > 0, PATIENCE);
  // Hits are written at most half a second later: a fast machine fills memory before the first attempt.
  await eventually(() => timesSaid(worker) > 0, PATIENCE);
  inspector.play();
  const { hits, tracked, lost } = await eventuallySent(worker);
  expect(lost).toMatchObject({ spool: 0, unconfirmed: 0 });
  expect(tracked).toBe(hits - lost.queue_full);
  expect(tracked).toBeGreaterThanOrEqual(10_000);
  expect(timesSaid(worker)).toBe(1);
  expect(worker.lawless).toEqual([]);
});

test('no room for what was decided: each process knows it all once there is room, and no hit is sent twice', {
  timeout: 90_000,
}, async () => {
  const { disk, inspector, start } = await setUp();
  const sender = start();
  await sender.request(30);
  await eventually(async () => (await sender.stats()).spooled === 30);
  const other = start();
  await other.request(30);
  await eventually(async () => (await other.stats()).spooled === 30);
  disk.fill();
  inspector.play();
  expect(await eventuallySent(sender)).toMatchObject({ hits: 30, tracked: 30 });
  await eventually(() => arrivals(inspector).size === 60, PATIENCE);
  await eventually(() => timesSaid(sender) === 1);
  disk.makeRoom();
  expect(await eventuallySent(other)).toMatchObject({ hits: 30, tracked: 30, spooled: 0 });
  expect([...arrivals(inspector).values()].every((times) => times === 1)).toBe(true);
  expect([...sender.lawless, ...other.lawless]).toEqual([]);
});

test('a sender that is killed while there is no room for what was decided: hits are sent twice, as was logged, and none is missing', {
  timeout: 90_000,
}, async () => {
  const { disk, inspector, start } = await setUp();
  const sender = start();
  await sender.request(150);
  await eventually(async () => (await sender.stats()).spooled === 150);
  disk.fill();
  inspector.play();
  expect(await eventuallySent(sender)).toMatchObject({ tracked: 150 });
  await eventually(() => sender.stderr().includes('[spool-not-written]'));
  await sender.kill();
  const sent = inspector.hits().length;
  disk.makeRoom();
  const successor = start();
  await eventually(async () => (await successor.stats()).takenOver > 0, PATIENCE);
  const { takenOver, tracked } = await eventuallySent(successor);
  expect(tracked).toBe(takenOver);
  expect(inspector.hits().length).toBe(sent + takenOver);
  expect(arrivals(inspector).size).toBe(150);
  expect([...sender.lawless, ...successor.lawless]).toEqual([]);
});

test('a disk that is read-only for a while: hits are sent from memory, and stored once it can be written', {
  timeout: 90_000,
}, async () => {
  const { disk, inspector, start } = await setUp();
  inspector.play();
  disk.setReadOnly(true);
  const worker = start();
  await worker.request(20);
  expect(await eventuallySent(worker)).toMatchObject({ hits: 20, tracked: 20, spooled: 0 });
  disk.setReadOnly(false);
  await eventually(() => worker.stderr().includes('[spool-used-again]'), PATIENCE);
  expect(worker.stderr().match(/EROFS.*\[spool-not-used\]/g)).toHaveLength(1);
  inspector.play({ status: 503 });
  await worker.request(20);
  await eventually(async () => (await worker.stats()).spooled === 20, PATIENCE);
  inspector.play();
  expect(await eventuallySent(worker)).toMatchObject({ hits: 40, tracked: 40, spooled: 0 });
  expect(worker.lawless).toEqual([]);
});

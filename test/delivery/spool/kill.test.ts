import { expect, onTestFinished, test } from 'vitest';
import { type Inspector, startInspector } from '../../../src/inspector/index.js';
import { eventually } from '../../support/child-process.js';
import { filesIn, temporaryFolder } from '../../support/spool.js';
import { type SpoolWorker, startSpoolWorker } from '../../support/spool-workers.js';

/** A hit may be lost that is younger than this when its process is killed. */
const YOUNG_MILLIS = 500;
const ROUNDS = Number(process.env.SPOOL_KILL_ROUNDS ?? 10);

test(`${ROUNDS} kills at any instant lose nothing that was older than half a second`, {
  timeout: 60_000 + ROUNDS * 5_000,
}, async () => {
  const folder = temporaryFolder();
  const inspector = await startInspector();
  onTestFinished(() => inspector.close());
  const arrived = countArrivals(inspector);
  const start = () =>
    startSpoolWorker({ RATE: '100', MATOMO_URL: inspector.url, MATOMO_SPOOL: folder });
  const alive = [start(), start()];
  const all: SpoolWorker[] = [...alive];
  const killedAt = new Map<SpoolWorker, number>();
  for (let round = 0; round < ROUNDS; round++) {
    // Away, slow or well: what is under way differs from kill to kill.
    if (round % 3 === 0) inspector.play({ status: 503, times: 2 });
    else if (round % 3 === 1) inspector.play({ delayMillis: 150 });
    else inspector.play();
    await wait(400 + Math.random() * 1500);
    const victim = alive.splice(round % 2, 1)[0] as SpoolWorker;
    killedAt.set(victim, Date.now());
    await victim.kill();
    const next = start();
    alive.push(next);
    all.push(next);
  }
  inspector.play();
  await wait(1000);
  for (const worker of alive) {
    killedAt.set(worker, Date.now());
    await worker.kill();
  }
  const heir = startSpoolWorker({ MATOMO_URL: inspector.url, MATOMO_SPOOL: folder });
  await eventually(async () => filesIn(folder, '.hits').length === 0 && (await heir.stats()), {
    timeoutMillis: 30_000,
    describe: () => `the end of ${filesIn(folder, '').join(' ')}`,
  });
  arrived.look();

  let ended = 0;
  let young = 0;
  const missing: string[] = [];
  for (const worker of all) {
    for (const [name, time] of worker.ended) {
      ended += 1;
      if (arrived.times.has(name)) continue;
      if (time > (killedAt.get(worker) ?? 0) - YOUNG_MILLIS) young += 1;
      else missing.push(name);
    }
  }
  const doubled = [...arrived.times.values()].filter((times) => times > 1).length;
  process.stdout.write(
    `${ROUNDS} kills, ${ended} requests: ${missing.length} missing, ${young} missing that were younger than ${YOUNG_MILLIS} ms, ${doubled} doubled\n`,
  );
  expect(missing).toEqual([]);
  expect(doubled).toBeLessThanOrEqual(all.length * 100); // a bulk for each that was killed
  expect(all.flatMap(({ lawless }) => lawless)).toEqual([]);
  expect(await heir.stats()).toMatchObject({ pending: 0, spooled: 0, lost: { spool: 0 } });
});

/** How often each request arrived at Matomo. */
function countArrivals(inspector: Inspector) {
  const times = new Map<string, number>();
  function look() {
    for (const { params } of inspector.hits()) {
      const name = new URL(params.url ?? '').pathname.slice(1);
      times.set(name, (times.get(name) ?? 0) + 1);
    }
    inspector.clear();
  }
  const timer = setInterval(look, 200);
  onTestFinished(() => clearInterval(timer));
  return { times, look };
}

function wait(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis));
}

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startBulkReceiver } from '../../../support/bulk-receiver.js';
import { eventually } from '../../../support/child-process.js';
import { requires } from '../../../support/skips.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';
import { leaveJournal, pageHit, startSpoolWorker } from '../spool-workers.js';

const MEBIBYTE = 1024 ** 2;
const PROCESSES = 50;
/** Of each process. All are `SPOOL_MEBIBYTES`, 1 GiB in use. */
const FILES = Math.ceil(Number(process.env.SPOOL_MEBIBYTES ?? 256) / PROCESSES);
/** Together a mebibyte. */
const HITS_PER_FILE = Math.floor(MEBIBYTE / 520);
/** A process without a spool needs about 60. */
const MOST_RESIDENT_BYTES = 150 * MEBIBYTE;

const padding = 'x'.repeat(400);

test('a new process stays small beside a large backlog of dead ones, and sends the oldest first', {
  timeout: 200_000,
}, async () => {
  requires('/proc');
  const folder = temporaryFolder();
  const nowSeconds = Math.floor(Date.now() / 1000);
  for (let i = 0; i < PROCESSES; i++) {
    const files = Array.from({ length: FILES }, (_, file) => {
      // The last process has the oldest hits.
      const startSeconds = nowSeconds - 80_000 + file * PROCESSES + (PROCESSES - i);
      return Array.from({ length: HITS_PER_FILE }, (_, line) =>
        pageHit(`${startSeconds}-${line}&x=${padding}`, startSeconds),
      );
    });
    leaveJournal(folder, i, files);
  }
  const hits = PROCESSES * FILES * HITS_PER_FILE;
  const matomo = await startBulkReceiver();
  const started = performance.now();
  const worker = startSpoolWorker({ MATOMO_URL: matomo.url, MATOMO_SPOOL: folder });
  await worker.request(1);
  const servedMillis = Math.round(performance.now() - started);
  await eventually(async () => (await worker.stats()).takenOver === hits, {
    timeoutMillis: 120_000,
    describe: () => worker.stderr(),
  });
  const takenMillis = Math.round(performance.now() - started);
  await eventually(() => matomo.bulks.length > 50, { timeoutMillis: 60_000 });
  const [, peak = ''] =
    /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${worker.pid}/status`, 'latin1')) ?? [];
  process.stdout.write(
    `${hits} hits in ${PROCESSES * FILES} MiB: served after ${servedMillis} ms, taken over after ${takenMillis} ms, at most ${Math.round(Number(peak) / 1024)} MiB\n`,
  );
  expect(Number(peak) * 1024).toBeLessThan(MOST_RESIDENT_BYTES);
  const own = (name: string) => name.startsWith('w');
  const ages = matomo.bulks.map(({ names }) =>
    Math.min(...names.filter((name) => !own(name)).map((name) => Number(name.split('-')[0]))),
  );
  expect(ages.slice(1)).toEqual(ages.slice(1).toSorted((a, b) => a - b));
  expect(worker.lawless).toEqual([]);
});

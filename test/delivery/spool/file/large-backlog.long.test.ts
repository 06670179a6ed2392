import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { thisProcess } from '../../../../src/delivery/spool/file/dead-processes.js';
import { toLines } from '../../../../src/delivery/spool/hit-line.js';
import { instanceName } from '../../../../src/delivery/spool/spool-description.js';
import { startBulkReceiver } from '../../../support/bulk-receiver.js';
import { eventually } from '../../../support/child-process.js';
import { requires } from '../../../support/skips.js';
import { temporaryFolder } from '../../../support/spool.js';
import { startSpoolWorker } from '../spool-workers.js';

const MEBIBYTE = 1024 ** 2;
const PROCESSES = 50;
/** Of each process. All are `SPOOL_MEBIBYTES`, 1 GiB in use. */
const FILES = Math.ceil(Number(process.env.SPOOL_MEBIBYTES ?? 256) / PROCESSES);
/** No process of a machine has such a number. */
const NO_PID = 2 ** 22 + 1;
/** A process without a spool needs about 60. */
const MOST_RESIDENT_BYTES = 150 * MEBIBYTE;

const padding = 'x'.repeat(400);

test('a new process stays small beside a large backlog of dead ones, and sends the oldest first', {
  timeout: 200_000,
}, async () => {
  requires('/proc');
  const folder = temporaryFolder();
  const nowSeconds = Math.floor(Date.now() / 1000);
  let hits = 0;
  for (let i = 0; i < PROCESSES; i++) {
    const instance = instanceName(Date.now() - 1_000_000 + i, NO_PID, String(i).padStart(8, '0'));
    const journal = join(folder, instance);
    mkdirSync(journal);
    const identity = { ...thisProcess(), pid: NO_PID, started: '1', hasToken: false };
    writeFileSync(join(journal, 'alive'), JSON.stringify(identity));
    for (let file = 1; file <= FILES; file++) {
      // The last process has the oldest hits.
      const startSeconds = nowSeconds - 80_000 + (file - 1) * PROCESSES + (PROCESSES - i);
      const queryOf = (line: number) =>
        `?idsite=1&rec=1&apiv=1&url=http%3A%2F%2Fshop.test%2F${startSeconds}-${line}&x=${padding}`;
      const one = { site: 1, visitor: 'v', startSeconds, kind: 'page' as const };
      const count = Math.floor(MEBIBYTE / 520);
      const lines = Array.from({ length: count }, (_, line) => ({ ...one, query: queryOf(line) }));
      writeFileSync(
        join(journal, `${String(file).padStart(6, '0')}.hits`),
        Buffer.concat(toLines(lines)),
      );
      hits += count;
    }
  }
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

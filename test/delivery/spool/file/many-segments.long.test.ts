import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../../../support/child-process.js';
import { sampled } from '../../../support/long.js';
import { startMatomo } from '../../../support/matomo.js';
import { requires } from '../../../support/skips.js';
import { filesIn } from '../../../support/spool.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';
import { leaveJournal, pageHit, startSpoolWorker } from '../spool-workers.js';

const SEGMENTS = sampled(800, 2000);
const MOST_DESCRIPTORS = 16;
/** A process that reads thousands of files with each look is far above. */
const MOST_READS_A_SECOND = 500;

/** Files of a folder that a process has open. */
function openFiles(pid: number, folder: string): string[] {
  const descriptors = `/proc/${pid}/fd`;
  return readdirSync(descriptors).flatMap((descriptor) => {
    try {
      const path = readlinkSync(join(descriptors, descriptor));
      return path.startsWith(folder) ? [path] : [];
    } catch {
      return []; // closed meanwhile
    }
  });
}

/** Reads of a process so far, of files and others. */
function readsOf(pid: number): number {
  return Number(/^syscr: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'latin1'))?.[1]);
}

test(`${SEGMENTS} segments of processes that have ended need at most ${MOST_DESCRIPTORS} descriptors, are not read while Matomo is unavailable, and all are sent`, {
  timeout: 200_000,
}, async () => {
  requires('/proc');
  requires('prlimit');
  const folder = temporaryFolder();
  const startSeconds = Math.floor(Date.now() / 1000) - 60;
  for (let i = 0; i < SEGMENTS; i++) {
    const mark = i % 2 === 0 ? 'alive' : 'ended'; // some were killed, and some were not
    leaveJournal(folder, i, [[pageHit(`${i}`, startSeconds)]], mark);
  }
  const inspector = await startMatomo();
  inspector.play({ status: 503 });
  const env = { MATOMO_URL: inspector.url, MATOMO_SPOOL: folder };
  const worker = startSpoolWorker(env, ['prlimit', '--nofile=512:512']);
  let most = 0;
  const look = (): void => {
    most = Math.max(most, openFiles(worker.pid, folder).length);
  };
  await eventually(
    async () => {
      look();
      return (await worker.stats()).takenOver === SEGMENTS;
    },
    { timeoutMillis: 60_000, describe: () => worker.stderr() },
  );

  let [since, reads] = [performance.now(), readsOf(worker.pid)];
  await eventually(
    () => {
      look();
      if (performance.now() - since < 1000) return false;
      const rate = ((readsOf(worker.pid) - reads) / (performance.now() - since)) * 1000;
      [since, reads] = [performance.now(), readsOf(worker.pid)];
      return rate < MOST_READS_A_SECOND;
    },
    { describe: () => `fewer reads while nothing is to be done` },
  );

  inspector.play();
  await eventually(
    async () => {
      look();
      return (await worker.stats()).tracked === SEGMENTS;
    },
    { timeoutMillis: 100_000, describe: () => worker.stderr() },
  );
  expect(await worker.stats()).toMatchObject({ pending: 0, takenOver: SEGMENTS });
  expect(new Set(inspector.hits().map(({ params }) => params.url)).size).toBe(SEGMENTS);
  await eventually(() => filesIn(folder, '.hits').length === 0, { timeoutMillis: 60_000 });
  expect(most).toBeLessThanOrEqual(MOST_DESCRIPTORS);
  expect(worker.lawless).toEqual([]);
  expect(worker.stderr()).not.toContain('EMFILE');
});

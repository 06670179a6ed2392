import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../support/child-process.js';

/** Where the wall clock is read, how often, and why. All waiting uses `performance.now()`: a wall clock steps. */
const READINGS: Readonly<Record<string, [count: number, reason: string]>> = {
  'cli/doctor/tracker-questions.ts': [2, "compared with Matomo's clock"],
  'cli/spool.ts': [1, 'the age of a hit, which other processes made'],
  'delivery/freshness.ts': [1, 'Matomo refuses hits by their time'],
  'delivery/hit-queue.ts': [2, 'no hit that Matomo sees is of the future'],
  'delivery/sender.ts': [1, 'a Retry-After that is a date'],
  'delivery/spool/file/lease.ts': [1, 'a file is touched; only that its time changes counts'],
  'delivery/spool/file/liveness.ts': [1, 'a file is touched; only that its time changes counts'],
  'delivery/spool/file/open-file-spool.ts': [1, 'names of files, for people'],
  'delivery/spool/redis/open-redis-spool.ts': [1, 'names of keys, for people'],
  'inspector/page/endpoint-table.ts': [
    1,
    "compared with the times of hits, which are the server's",
  ],
  'inspector/page/totals.ts': [1, "compared with the times of hits, which are the server's"],
  'requests/give-hit.ts': [1, 'the time of an event, which Matomo sees'],
  'inspector/server/tracker.ts': [1, "Matomo's own clock"],
  'requests/node-request.ts': [1, 'the time of a visit, where no span has it'],
};

test('the wall clock is read only where it has to be', () => {
  const found: Record<string, number> = {};
  for (const path of readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.ts')) continue;
    const code = readFileSync(join(ROOT, 'src', path), 'utf8').replace(
      /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*/gm,
      '',
    );
    const { length } = code.match(/\bDate\.now\b|\bnew Date\(\)|\bDate\(\)|\btimeOrigin\b/g) ?? [];
    if (length > 0) found[path.replaceAll('\\', '/')] = length;
  }
  const expected = Object.entries(READINGS).map(([path, [count]]) => [path, count]);
  expect(found).toEqual(Object.fromEntries(expected));
});

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { segmentName } from '../../../../src/delivery/spool/file/file-names.js';
import { FolderHits } from '../../../../src/delivery/spool/file/folder-hits.js';
import { LivenessMonitor, thisProcess } from '../../../../src/delivery/spool/file/liveness.js';
import { toLines } from '../../../../src/delivery/spool/hit-line.js';
import { temporaryFolder } from '../../../support/spool.js';

const INSTANCE = '1795176000000-7-01234567';
const SEGMENTS = 5;
const HITS = 4000;

test('while Matomo is unavailable, at most 10,000 of the written hits are kept in memory, in however many segments', async () => {
  const folder = temporaryFolder();
  const nothing = () => undefined;
  const folderHits = new FolderHits(folder, INSTANCE, 1, new LivenessMonitor(thisProcess()), {
    takeOver: async () => undefined,
    takenOver: () => undefined,
    stillSends: async () => true,
    countTakenOver: nothing,
    learn: nothing,
    finish: nothing,
    notWritten: nothing,
    lost: nothing,
    unreadable: nothing,
    broken: nothing,
  });
  const segments = Array.from({ length: SEGMENTS }, (_, i) => segmentName(INSTANCE, i + 1));
  const hits = Array.from({ length: HITS }, (_, i) => ({
    site: 1,
    visitor: 'v',
    startSeconds: 1_795_176_000 + i,
    kind: 'page' as const,
    query: `?h=${i}`,
  }));
  for (const segment of segments) {
    writeFileSync(join(folder, segment), '');
    await folderHits.refresh();
    folderHits.feed(segment, 0, toLines(hits), hits);
  }

  for (const segment of segments) rmSync(join(folder, segment)); // so that nothing can be read
  const taken = await folderHits.take({ lease: 1, max: 2 * SEGMENTS * HITS, delayMillis: 0 });
  expect(taken).toHaveLength(10_000);
});

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { MatomoSpanProcessor, trackEvent } from '../../src/index.js';
import { captureOutput } from '../support/output.js';
import { linesIn } from '../support/spool.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const url = 'http://127.0.0.1:1/matomo.php';

test('a dry run leaves the hits of a spool in it, and makes no spool', async () => {
  const folder = temporaryFolder();
  const writer = new MatomoSpanProcessor({
    url,
    siteId: 1,
    spool: folder,
    visitorKey: 'x'.repeat(32),
  });
  for (const uid of ['a', 'b']) trackEvent('left', uid, { uid });
  await writer.shutdown();
  const lines = linesIn(folder);
  expect(lines).toHaveLength(2);
  const printed = captureOutput();
  for (const spool of [folder, join(folder, 'new')]) {
    const processor = new MatomoSpanProcessor({ url, siteId: 1, dryRun: true, spool });
    await processor.forceFlush();
    await processor.shutdown();
    expect(processor.stats().claimed).toBe(0);
  }
  expect(linesIn(folder)).toEqual(lines);
  expect(existsSync(join(folder, 'new'))).toBe(false);
  expect(printed.join('')).not.toContain('dry run: ');
});

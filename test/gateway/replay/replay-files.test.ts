import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { replayFiles } from '../../../src/gateway/replay/replay-files.js';
import { openReplayState } from '../../../src/gateway/replay/replay-state.js';
import { setEnvironment } from '../../support/environment.js';
import { startMatomo } from '../../support/matomo.js';
import { exportRequest, requestSpan } from '../../support/otlp-spans.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const requests = (count: number) =>
  Array.from({ length: count }, (_, i) => exportRequest([requestSpan(`/${i}`)])).join('\n');

/** Lines without requests, more than are read at once. */
const OTHERS = `${'x'.repeat(1000)}\n`.repeat(1000);

/** A file that was replayed in part. */
async function setUp(content: string) {
  const inspector = await startMatomo();
  setEnvironment({
    MATOMO_URL: inspector.url,
    MATOMO_SITE_ID: '1',
    MATOMO_MAX_EXPORT_BATCH_SIZE: '2',
  });
  const folder = temporaryFolder();
  const file = join(folder, 'spans.jsonl');
  const state = openReplayState(join(folder, 'state.json'));
  const replay = ({ signal } = new AbortController(), onProgress: () => void = () => undefined) =>
    replayFiles({ files: [file], state, rate: 1e6, onProgress, signal });
  writeFileSync(file, content);
  const interrupt = new AbortController();
  await replay(interrupt, () => interrupt.abort());
  const sent = inspector.hits().length;
  expect(sent).toBeGreaterThan(0);
  expect(sent).toBeLessThan(10);
  return { inspector, file, sent, state, replay };
}

test('interrupted again before it has found where it was, it still knows where that is', async () => {
  const { inspector, file, state, replay } = await setUp(OTHERS + requests(10));
  const before = state.positionOf(file);
  const interrupt = new AbortController();
  setImmediate(() => interrupt.abort());
  await replay(interrupt);
  expect(state.positionOf(file)).toEqual(before);
  await replay();
  expect(inspector.hits()).toHaveLength(10);
});

test.each([
  ['fewer requests than were sent', 1],
  ['more requests than were sent', 20],
])(
  'a file that was replaced by one with %s after a part was sent is refused: requests would be skipped',
  async (_what, count) => {
    const { inspector, file, sent, replay } = await setUp(requests(10));
    writeFileSync(file, requests(count));
    for (const _ of ['first', 'again'])
      await expect(replay()).rejects.toThrow(JSON.stringify(file));
    expect(inspector.hits()).toHaveLength(sent);
  },
);

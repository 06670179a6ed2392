import { expect, test } from 'vitest';
import { startInspector } from '../../../src/inspector/index.js';
import { createHitLog } from '../../../src/inspector/server/hit-log.js';
import { hit, sendBulk, start } from '../inspector-client.js';

const ONE = { received: 0, params: {}, verdict: 'tracked', stored: null } as const;

test('a wait resolves with all hits once there are enough, earlier ones included', async () => {
  const inspector = await start();
  const later = inspector.waitForHits(3);
  await sendBulk(inspector, [hit(), hit({ idsite: '0' })]);
  const two = await inspector.waitForHits(2);
  expect(two.map(({ verdict }) => verdict)).toEqual(['tracked', 'invalid']);
  expect(await inspector.waitForHits(1)).toEqual(two);
  await sendBulk(inspector, [hit(), hit()]);
  expect(await later).toEqual(inspector.hits());
  expect(inspector.hits()).toHaveLength(4);
});

test('a wait rejects at its line, with both numbers, and what became of the hits', async () => {
  const inspector = await start();
  await sendBulk(inspector, [hit(), hit({ idsite: '0' })]);
  await expect(inspector.waitForHits(3, { timeoutMillis: 5 })).rejects.toMatchObject({
    message: expect.stringMatching(/\(3\).* 2 hits.* 1 tracked, 1 invalid \(idsite.*5 ms/),
    stack: expect.stringContaining('hit-log.test'),
  });
});

test('closing the inspector rejects waits at once, and `await using` closes it', async () => {
  const inspector = await startInspector();
  const wait = inspector.waitForHits(1, { timeoutMillis: 600_000 });
  await inspector[Symbol.asyncDispose]();
  await expect(wait).rejects.toThrow(/\(1\).* 0 hits.*closed/);
  await expect(fetch(inspector.url)).rejects.toThrow();
});

test.each([
  ['10,000 hits', 24_000, '', 10_000],
  ['fewer if they are very large', 12, 'x'.repeat(4_000_000), 7],
])('a log has the latest %s', (_what, count, e_v, kept) => {
  const log = createHitLog();
  for (let i = 0; i < count; i += 1) log.add([{ ...ONE, params: { action_name: `${i}`, e_v } }]);
  const numbers = log.all().map(({ params }) => Number(params.action_name));
  expect(numbers).toEqual(Array.from({ length: kept }, (_, i) => count - kept + i));
  expect(log.read(0, 0).oldest).toBe(count - kept);
});

test('who asks too late misses hits, and gets those that are still in the log, some at a time', () => {
  const log = createHitLog();
  log.add(Array.from({ length: 13_000 }, () => ONE));
  const { run } = log.read(0, 0);
  let seen = 0;
  for (let from = 1000; from < 13_000; ) {
    const { first, oldest, hits, hasMore } = log.read(run, from);
    expect([first >= 3000, oldest, hits.length > 0]).toEqual([true, 3000, true]);
    expect(hasMore).toBe(first + hits.length < 13_000);
    expect(hits.length).toBeLessThan(1000);
    seen += hits.length;
    from = first + hits.length;
  }
  expect(seen).toBe(log.all().length);
});

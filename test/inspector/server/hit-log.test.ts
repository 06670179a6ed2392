import { expect, test } from 'vitest';
import { startInspector } from '../../../src/inspector/index.js';
import { createHitLog } from '../../../src/inspector/server/hit-log.js';
import { hit, sendBulk, start } from '../inspector-client.js';

test('resolves with all hits once there are enough, earlier ones included', async () => {
  const inspector = await start();
  const later = inspector.waitForHits(3);
  await sendBulk(inspector, [hit(), hit({ idsite: '9' })]);
  const two = await inspector.waitForHits(2);
  expect(two.map(({ verdict }) => verdict)).toEqual(['tracked', 'invalid']);
  expect(await inspector.waitForHits(1)).toEqual(two);
  await sendBulk(inspector, [hit(), hit()]);
  expect(await later).toEqual(inspector.hits());
  expect(inspector.hits()).toHaveLength(4);
});

test('rejects with both numbers, and what became of the hits', async () => {
  const inspector = await start();
  await sendBulk(inspector, [hit(), hit({ idsite: '9' })]);
  await expect(inspector.waitForHits(3, { timeoutMillis: 5 })).rejects.toThrow(
    /\(3\).* 2 hits.* 1 tracked, 1 invalid \(idsite.*5 ms/,
  );
  inspector.clear();
  await expect(inspector.waitForHits(1, { timeoutMillis: 0 })).rejects.toThrow(/\(1\).* 0 hits/);
});

test.each([{ status: 503 }, { disconnect: 'before' }] as const)(
  'counts requests that play(%j) answered without processing them',
  async (answer) => {
    const inspector = await start();
    inspector.play({ ...answer, times: 2 });
    await sendBulk(inspector, [hit()]).catch(() => undefined);
    await sendBulk(inspector, [hit()]).catch(() => undefined);
    await expect(inspector.waitForHits(1, { timeoutMillis: 5 })).rejects.toThrow(
      /\b0 hits.*\b2 .*play\(\)/,
    );
  },
);

test('the stack of the error has the line that waits', async () => {
  const inspector = await start();
  const error: Error = await inspector.waitForHits(1, { timeoutMillis: 1 }).catch((e) => e);
  expect(error.stack).toContain('hit-log.test');
});

test('closing the inspector rejects at once, and `await using` closes it', async () => {
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
  for (let i = 0; i < count; i += 1) {
    const params = { action_name: `${i}`, e_v };
    log.add([{ received: 0, params, verdict: 'tracked', stored: null }]);
  }
  const numbers = log.all().map(({ params }) => Number(params.action_name));
  expect(numbers).toEqual(Array.from({ length: kept }, (_, i) => count - kept + i));
  expect(log.read(0, 0).oldest).toBe(count - kept);
});

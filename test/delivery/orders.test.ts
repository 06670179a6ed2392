import { expect, onTestFinished, test, vi } from 'vitest';
import { MatomoSpanExporter } from '../../src/index.js';
import { serverSpan } from '../support/builders.js';
import { pending, sentNames, setUp } from '../support/delivery.js';
import { startMatomo } from '../support/matomo.js';
import { captureOutput } from '../support/output.js';
import { processed } from '../support/scripted-transport.js';

const ORDER = { 'matomo.idgoal': 0, 'matomo.ec_id': 'o-1', 'matomo.revenue': 5 };

/** What a process counts and says that has sent one order and nothing else. */
async function sendOrder(url: string) {
  const lines = captureOutput();
  const matomo = new MatomoSpanExporter({ url, siteId: 1, tokenAuth: 'a'.repeat(32) });
  matomo.export([serverSpan('/a', ORDER)], () => undefined);
  await matomo.forceFlush();
  const stats = matomo.stats();
  await matomo.shutdown();
  return { stats, logged: lines.join('') };
}

test('an order that the process before has sent is invalid, and no rejected token', async () => {
  const inspector = await startMatomo({ sites: { 1: {} } });
  expect((await sendOrder(inspector.url)).stats).toMatchObject({ tracked: 1 });
  const { stats, logged } = await sendOrder(inspector.url);
  expect(stats).toMatchObject({ pending: 0, tracked: 0, invalid: 1 });
  expect(logged).toContain('[orders-rejected]');
  expect(logged).not.toContain('[token-rejected]');
});

test('orders that a rejected token makes invalid are held after the first few, as all hits are', async () => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 20, 12) });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const { delivery, transport, logged } = setUp({ tokenAuth: 't', maxExportBatchSize: 1 });
  transport.answer((sent) => processed(sent, sent));
  for (let i = 0; i < 20; i++) delivery.push(pending({ name: `${i}&idgoal=0&ec_id=o${i}` }));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(delivery).toMatchObject({ pending: 18, counters: { invalid: 2 } });
  expect(logged.join('\n')).toContain('[token-rejected]');
});

test('a hit that only speaks of an order is none', async () => {
  const { delivery, transport } = setUp({ tokenAuth: 't' });
  transport.answer((sent) => processed(sent, sent));
  delivery.push(pending({ name: 'a&url=http%3A%2F%2Fh%2F%3Fec_id%3D1' }));
  await delivery.flush();
  expect(sentNames(transport)).toHaveLength(1);
  expect(delivery).toMatchObject({ pending: 1, counters: { invalid: 0 } });
});

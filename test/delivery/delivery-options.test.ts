import { expect, onTestFinished, test } from 'vitest';
import { MatomoSpanExporter } from '../../src/index.js';
import { OPTIONS } from '../../src/options/option-table.js';
import { serverSpan } from '../support/builders.js';

test('the queue in memory takes its default number of hits before one is lost', async () => {
  const maxQueueSize = OPTIONS.maxQueueSize.default as number;
  const matomo = new MatomoSpanExporter({ url: 'http://127.0.0.1:9', siteId: 1 });
  onTestFinished(() => matomo.shutdown());
  const attributes = { 'user_agent.original': 'x'.repeat(200) };
  const spans = Array.from({ length: maxQueueSize + 1 }, () => serverSpan('/a', attributes));
  matomo.export(spans, () => undefined);
  const { pending, lost } = matomo.stats();
  expect([pending, lost.queue_full]).toEqual([maxQueueSize, 1]);
});

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ROOT } from '../support/child-process.js';
import { sendSpans, startGatewayProcess } from '../support/gateway.js';
import { exportRequest, requestSpan } from '../support/otlp-spans.js';

const EXPORTS = 300;
const EXPORT_SIZE = 200;
const SENDERS = 4;

/** A Matomo that tracks everything at once, in a process of its own. */
async function startSink(): Promise<string> {
  const sink = fork(join(ROOT, 'tools/bench/parts/sink.mjs'));
  onTestFinished(() => void sink.kill());
  const [url] = await once(sink, 'message');
  return url as string;
}

test('60,000 requests as fast as four senders can offer them: each export is accepted and tracked, or refused and counted', async () => {
  const env = {
    MATOMO_URL: await startSink(),
    MATOMO_SITE_ID: '1',
    MATOMO_TOKEN_AUTH: 'a-token',
    MATOMO_SHUTDOWN_TIMEOUT: '100000', // for a queue that is full
  };
  const gateway = await startGatewayProcess(env);
  const statuses = new Map<number, number>();
  let begun = 0;

  async function send(): Promise<void> {
    while (begun++ < EXPORTS) {
      const spans = Array.from({ length: EXPORT_SIZE }, (_, i) => requestSpan(`/${i}`));
      const answer = await sendSpans(gateway, exportRequest(spans));
      await answer.arrayBuffer();
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    }
  }

  await Promise.all(Array.from({ length: SENDERS }, send));
  const { 200: accepted = 0, 503: refused = 0 } = Object.fromEntries(statuses);
  const stats = await gateway.finish();
  expect(accepted + refused).toBe(EXPORTS);
  expect(accepted).toBeGreaterThan(0);
  expect(stats).toMatchObject({
    tracked: accepted * EXPORT_SIZE,
    refusedExports: refused,
    pending: 0,
  });
});

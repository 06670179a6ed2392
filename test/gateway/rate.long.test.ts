import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { ROOT } from '../support/child-process.js';
import { sendSpans, startGatewayProcess } from '../support/gateway.js';
import { exportRequest, requestSpan } from '../support/otlp-spans.js';

const REQUESTS_A_SECOND = 20_000;
const MILLIS = 60_000;
const EXPORT_SIZE = 200;
const SENDERS = 4;

/** A Matomo that tracks everything at once, in a process of its own. */
async function startSink(): Promise<string> {
  const sink = fork(join(ROOT, 'tools/bench/parts/sink.mjs'));
  onTestFinished(() => void sink.kill());
  const [url] = await once(sink, 'message');
  return url as string;
}

test('20,000 requests a second for a minute, if the machine can offer them: no export is refused, and no accepted request is lost', async () => {
  const env = { MATOMO_URL: await startSink(), MATOMO_SITE_ID: '1', MATOMO_TOKEN_AUTH: 'a-token' };
  const gateway = await startGatewayProcess(env);
  const statuses = new Map<number, number>();
  const begun = performance.now();
  let sent = 0;

  async function send(): Promise<void> {
    for (;;) {
      const dueMillis = begun + (sent / REQUESTS_A_SECOND) * 1000;
      if (Math.max(dueMillis, performance.now()) >= begun + MILLIS) return;
      sent += EXPORT_SIZE;
      const spans = Array.from({ length: EXPORT_SIZE }, (_, i) => requestSpan(`/${i}`));
      const body = exportRequest(spans);
      await sleep(Math.max(0, dueMillis - performance.now()));
      const answer = await sendSpans(gateway, body);
      await answer.arrayBuffer();
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    }
  }

  await Promise.all(Array.from({ length: SENDERS }, send));
  const offered = Math.round(sent / ((performance.now() - begun) / 1000));
  const { 200: accepted = 0, 503: refused = 0 } = Object.fromEntries(statuses);
  const stats = await gateway.finish();
  console.log(
    `${offered} requests a second offered, ${refused} of ${accepted + refused} exports refused`,
  );
  // A machine that cannot offer so many has no time left to send them either.
  if (offered >= 0.99 * REQUESTS_A_SECOND) expect(refused).toBe(0);
  expect(accepted + refused).toBe(sent / EXPORT_SIZE);
  expect(stats).toMatchObject({
    tracked: accepted * EXPORT_SIZE,
    refusedExports: refused,
    pending: 0,
  });
}, 180_000);

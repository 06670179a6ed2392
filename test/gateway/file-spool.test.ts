import { expect, test } from 'vitest';
import { startBulkReceiver } from '../support/bulk-receiver.js';
import { eventually } from '../support/child-process.js';
import { sumOfResults } from '../support/delivery.js';
import { sendSpans, startGatewayProcess } from '../support/gateway.js';
import { below, exportRequest, requestSpan } from '../support/otlp-spans.js';
import { letFilesAge, linesIn } from '../support/spool.js';
import { temporaryFolder } from '../support/temporary-folder.js';

test('killed while Matomo is unavailable, a gateway sends what it had stored, once', async () => {
  const matomo = await startBulkReceiver();
  matomo.play({ refusals: 1_000_000 });
  const folder = `${temporaryFolder()}/spool`;
  const env = {
    MATOMO_URL: matomo.url,
    MATOMO_SITE_ID: '1',
    MATOMO_SPOOL: folder,
    MATOMO_GATEWAY_GRACE: '200',
    MATOMO_SCHEDULE_DELAY: '50',
    MATOMO_RESEND_UNCONFIRMED: 'true', // what a killed one was sending is not lost
  };
  const { tracked } = matomo;
  /** Names of all that were answered with 200. */
  const accepted = new Set<string>();
  async function send(gateway: { url: string }, name: string): Promise<void> {
    const request = requestSpan(`/${name}`);
    const answer = await sendSpans(gateway, exportRequest([below(request), request]));
    expect(answer.status).toBe(200);
    accepted.add(name);
  }

  const due: string[] = [];
  for (let life = 0; life < 3; life++) {
    const gateway = await startGatewayProcess(env);
    const old = Array.from({ length: 30 }, (_, i) => `${life}-${i}`);
    for (const name of old) await send(gateway, name);
    await eventually(() => {
      const stored = linesIn(folder).join('\n');
      return old.every((name) => stored.includes(`/${name}&`));
    });
    for (let i = 30; i < 60; i++) await send(gateway, `${life}-${i}`);
    await gateway.stop('SIGKILL');
    letFilesAge(folder);
    due.push(...old);
  }
  const successor = await startGatewayProcess(env);
  await send(successor, 'successor');
  due.push('successor');
  expect(tracked()).toEqual([]);
  matomo.play({});
  await eventually(() => due.every((name) => tracked().includes(name)), {
    describe: () => `${due.filter((name) => !tracked().includes(name))}: ${successor.stderr()}`,
  });
  const stats = await successor.finish();
  expect(new Set(tracked()).size).toBe(tracked().length);
  expect(tracked().filter((name) => !accepted.has(name))).toEqual([]);
  expect(stats).toMatchObject({ hits: 1, pending: 0 });
  // Besides its own hit, it has stored what it gave back.
  expect(stats.claimed - (stats.stored - 1)).toBe(tracked().length);
  expect(stats.tracked).toBe(tracked().length);
  expect(sumOfResults(stats) + stats.stored).toBe(stats.hits + stats.claimed);
});

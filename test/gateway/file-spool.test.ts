import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { sumOfCounters } from '../../src/delivery/counters.js';
import { startBulkReceiver } from '../support/bulk-receiver.js';
import { eventually } from '../support/child-process.js';
import { sendSpans, startGatewayProcess } from '../support/gateway.js';
import { below, exportRequest, requestSpan } from '../support/otlp-spans.js';

import { temporaryFolder } from '../support/spool.js';

const GRACE_MILLIS = 200;
/** What has waited so long is in the spool. */
const STORED_MILLIS = 500;

test('killed while Matomo is away, a gateway has what it took but for the last moments, and sends that once', async () => {
  const matomo = await startBulkReceiver();
  matomo.play({ refusals: 1_000_000 });
  const env = {
    MATOMO_URL: matomo.url,
    MATOMO_SITE_ID: '1',
    MATOMO_SPOOL: `${temporaryFolder()}/spool`,
    MATOMO_GATEWAY_GRACE: String(GRACE_MILLIS),
    MATOMO_SCHEDULE_DELAY: '50',
  };
  const tracked = () =>
    matomo.bulks.filter(({ isTracked }) => isTracked).flatMap(({ names }) => names);
  /** When each was answered with 200, by name. */
  const accepted = new Map<string, number>();
  async function send(gateway: { url: string }, name: string): Promise<void> {
    const request = requestSpan(`/${name}`);
    const answer = await sendSpans(gateway, exportRequest([below(request), request]));
    expect(answer.status).toBe(200);
    accepted.set(name, Date.now());
  }

  const due: string[] = [];
  for (let life = 0; life < 3; life++) {
    const gateway = await startGatewayProcess(env);
    for (let i = 0; i < 60; i++) {
      await send(gateway, `${life}-${i}`);
      await wait(20);
    }
    const killedMillis = Date.now();
    await gateway.stop('SIGKILL');
    const ofLife = [...accepted].filter(([name]) => name.startsWith(`${life}-`));
    const old = ofLife.filter(([, time]) => time < killedMillis - GRACE_MILLIS - STORED_MILLIS);
    expect(old.length).toBeGreaterThan(0);
    expect(old.length).toBeLessThan(ofLife.length);
    due.push(...old.map(([name]) => name));
  }
  const heir = await startGatewayProcess(env);
  await send(heir, 'heir');
  due.push('heir');
  expect(tracked()).toEqual([]);
  matomo.play({});
  await eventually(() => due.every((name) => tracked().includes(name)), {
    describe: () => `${due.filter((name) => !tracked().includes(name))}: ${heir.stderr()}`,
  });
  const stats = await heir.finish();
  expect(new Set(tracked()).size).toBe(tracked().length);
  expect(tracked().filter((name) => !accepted.has(name))).toEqual([]);
  expect(stats).toMatchObject({ hits: 1, adopted: tracked().length - 1, pending: 0 });
  expect(stats.tracked).toBe(tracked().length);
  expect(sumOfCounters(stats)).toBe(stats.hits + stats.adopted);
});

import { describe, expect, test } from 'vitest';
import type { Gateway } from '../../src/gateway/index.js';
import { eventually } from '../support/child-process.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { exportRequest, requestSpan } from '../support/otlp-spans.js';
import { captureOutput } from '../support/output.js';
import { startRedis } from '../support/redis-server.js';
import { temporaryFolder } from '../support/spool.js';

const maxSpoolBytes = 1024 ** 2;
const maxQueueSize = 200;
const PORTION = 50;
/** A busy disk takes long to store a megabyte. */
const WITHIN = { timeoutMillis: 120_000 };
/** Well below what fits: a hit of these takes some 900 bytes. */
const MANY = 500;

async function send(gateway: Gateway): Promise<Response> {
  const paths = Array.from({ length: PORTION }, (_, i) => `/${i}`.padEnd(300, '-'));
  return sendSpans(gateway, exportRequest(paths.map((path) => requestSpan(path))));
}

/** Sends requests until some are refused although the spool is written no more. Returns how many were accepted. */
async function fill(gateway: Gateway, isSpoolFull: () => boolean): Promise<number> {
  let accepted = 0;
  await eventually(async () => {
    const answer = await send(gateway);
    if (answer.status === 200) accepted += PORTION;
    else {
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
      expect(await answer.json()).toMatchObject({ code: 14 });
    }
    const { pending, spooled } = gateway.stats();
    const isQueueFull = pending - spooled === maxQueueSize;
    return isSpoolFull() && isQueueFull && answer.status !== 200;
  }, WITHIN);
  return accepted;
}

describe.each([
  ['a folder', async () => `${temporaryFolder()}/spool`],
  ['Redis', async () => (await startRedis()).url],
] as const)('a spool in %s', (_where, place) => {
  test('that is full leaves hits to the queue, and once that is full, exports are 503 until Matomo takes hits again; none is lost', async () => {
    const output = captureOutput();
    const full = () => output.filter((line) => line.includes(`maxSpoolBytes, ${maxSpoolBytes}`));
    const options = { spool: await place(), maxSpoolBytes, maxQueueSize };
    const { gateway, inspector } = await startGateway(options);
    inspector.play({ status: 503 });
    let accepted = await fill(gateway, () => full().length === 1);
    expect(gateway.stats().spooled).toBeGreaterThan(MANY);
    const { gateway: other } = await startGateway({ ...options, url: inspector.url });
    accepted += await fill(other, () => full().length === 2);
    expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);

    inspector.play();
    for (const one of [gateway, other]) {
      await eventually(async () => (await send(one)).status === 200, WITHIN);
      accepted += PORTION;
    }
    await eventually(() => gateway.stats().tracked + other.stats().tracked === accepted, WITHIN);
    expect(inspector.hits()).toHaveLength(accepted);
    expect(gateway.stats().hits + other.stats().hits).toBe(accepted);
  });
});

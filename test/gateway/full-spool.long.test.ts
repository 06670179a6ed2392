import { expect, test } from 'vitest';
import type { Gateway } from '../../src/gateway/index.js';
import { eventually } from '../support/child-process.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { exportRequest, requestSpan } from '../support/otlp-spans.js';
import { captureOutput } from '../support/output.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** Fits into an eighth of the spool. */
const PORTION = 50;
/** A busy disk takes long to store a megabyte. */
const WITHIN = { timeoutMillis: 120_000 };
/** Well below what fits: a hit of these takes some 900 bytes. */
const MANY = 500;

async function send(gateway: Gateway): Promise<Response> {
  const paths = Array.from({ length: PORTION }, (_, i) => `/${i}`.padEnd(300, '-'));
  return sendSpans(gateway, exportRequest(paths.map((path) => requestSpan(path))));
}

/** Sends requests, each time that none waits in memory, until some are refused. Returns how many were taken. */
async function fill(gateway: Gateway): Promise<number> {
  let taken = 0;
  await eventually(async () => {
    const { pending, pendingRequests } = gateway.stats();
    if (pending > 0 || pendingRequests > 0) return false;
    const answer = await send(gateway);
    if (answer.status === 200) taken += PORTION;
    else {
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
      expect(await answer.json()).toMatchObject({ code: 14 });
    }
    return answer.status !== 200;
  }, WITHIN);
  return taken;
}

test('a spool that is full is 503 with Retry-After until Matomo takes hits again, and none is lost', async () => {
  const output = captureOutput();
  const spool = { spool: `${temporaryFolder()}/spool`, maxSpoolBytes: 1024 ** 2 };
  const { gateway, inspector } = await startGateway({ ...spool, graceMillis: 0 });
  inspector.play({ status: 503 });
  let taken = await fill(gateway);
  expect(taken).toBeGreaterThan(MANY);
  expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
  expect(output.filter((line) => line.includes('[exports-refused]'))).toHaveLength(1);

  inspector.play();
  // The folder is looked at by each attempt to send.
  await eventually(async () => (await send(gateway)).status === 200, WITHIN);
  taken += PORTION;
  await eventually(() => gateway.stats().tracked === taken);
  expect(inspector.hits()).toHaveLength(taken);
});

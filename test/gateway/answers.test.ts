import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { expect, onTestFinished, test } from 'vitest';
import { createGateway } from '../../src/gateway/index.js';
import { eventually } from '../support/child-process.js';
import { createSkipMinute } from '../support/clocks.js';
import { setEnvironment } from '../support/environment.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import {
  below,
  exportRequest,
  hitEvent,
  type OtlpSpan,
  otlpSpan,
  requestSpan,
} from '../support/otlp-spans.js';
import { captureOutput } from '../support/output.js';

const JSON_TYPE = { 'content-type': 'application/json' };
const PROTOBUF = { 'content-type': 'application/x-protobuf' };

test.each([
  ['application/json', 'application/json', '{}'],
  ['application/x-protobuf', 'application/x-protobuf', ''],
  ['Application/protobuf; charset=utf-8', 'application/x-protobuf', ''],
])('success of %s is an empty answer of %s', async (sent, type, body) => {
  const { gateway } = await startGateway();
  const answer = await sendSpans(gateway, body, { 'content-type': sent });
  const { status, headers } = answer;
  expect([status, headers.get('content-type'), await answer.text()]).toEqual([200, type, body]);
});

test('spans that cannot be used are counted in a partial success that says why', async () => {
  const { gateway } = await startGateway();
  const spans = [
    requestSpan('/a'),
    requestSpan('/b', { traceId: '0'.repeat(32) }),
    requestSpan('/c', { spanId: 'xyz' }),
    requestSpan('/d', { startTimeUnixNano: '0' }),
    requestSpan('/e', { kind: 6 }),
    requestSpan('/f', { kind: 'SPAN_KIND_NEW' as unknown as number }),
  ];
  const answer = await sendSpans(gateway, exportRequest(spans));
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({
    partialSuccess: {
      rejectedSpans: '5',
      errorMessage: expect.stringMatching(/trace ID.*; .*span ID.*; .*start time.*; .*kind/),
    },
  });
  await eventually(() => gateway.stats().tracked === 1);
  expect(gateway.stats().spans).toMatchObject({ received: 1, rejected: 5 });
});

test('of more than 100 events of a span, 100 make hits', async () => {
  const { gateway } = await startGateway();
  const events = Array(120).fill(hitEvent({ e_c: 'loop', e_a: 'x' }));
  await sendSpans(gateway, exportRequest([requestSpan('/a', { events })]));
  await eventually(() => gateway.stats().tracked === 101);
  expect(gateway.stats().additionalHits).toBe(100);
});

test('a partial success, and a google.rpc.Status, in protobuf', async () => {
  const { gateway } = await startGateway();
  // resource_spans { scope_spans { spans { name: "x" } } }
  const body = new Uint8Array([10, 7, 18, 5, 18, 3, 42, 1, 120]);
  const answer = await sendSpans(gateway, body, PROTOBUF);
  const outer = new BinaryReader(new Uint8Array(await answer.arrayBuffer()));
  expect(outer.tag()).toEqual([1, 2]);
  const reader = new BinaryReader(outer.bytes());
  expect([reader.tag(), reader.int64(), reader.tag(), reader.string()]).toEqual([
    [1, 0],
    1n,
    [2, 2],
    expect.stringContaining('trace ID'),
  ]);
  const refused = await sendSpans(gateway, new Uint8Array([10, 200]), PROTOBUF);
  const status = new BinaryReader(new Uint8Array(await refused.arrayBuffer()));
  expect([refused.status, status.tag(), status.int32()]).toEqual([400, [1, 0], 3]);
});

const ZIPPED = gzipSync('x'.repeat(5000));

test.each<[string, number, number, Uint8Array | string, Record<string, string>]>([
  ['no gzip', 400, 3, '{}', { ...JSON_TYPE, 'content-encoding': 'gzip' }],
  ['too large', 413, 8, 'x'.repeat(5000), JSON_TYPE],
  ['too large when inflated', 413, 8, ZIPPED, { ...JSON_TYPE, 'content-encoding': 'gzip' }],
  ['another type', 415, 3, 'x', { 'content-type': 'text/plain' }],
  ['another compression', 415, 3, 'x', { ...JSON_TYPE, 'content-encoding': 'br' }],
])('%s: %i, with a line', async (_what, status, code, body, headers) => {
  const output = captureOutput();
  const { gateway } = await startGateway({ maxBodyBytes: 4096 });
  const answer = await sendSpans(gateway, body, headers);
  expect(answer.status).toBe(status);
  expect(await answer.json()).toEqual({ code, message: expect.stringMatching(/./) });
  expect(output.filter((line) => line.includes('[export-not-read]'))).toHaveLength(1);
  expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
});

test('a body that is too large without a length is refused before it has come', async () => {
  const { gateway } = await startGateway({ maxBodyBytes: 4096 });
  const options = { method: 'POST', headers: JSON_TYPE, agent: false };
  const request = httpRequest(`${gateway.url}/v1/traces`, options);
  request.write('x'.repeat(8192));
  const [answer] = await once(request, 'response');
  expect(answer.statusCode).toBe(413);
  request.on('error', () => undefined).destroy();
});

test('a large body that is refused is read to its end: its sender gets the answer, and uses the connection again', async () => {
  const { gateway } = await startGateway();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const options = { method: 'POST', headers: JSON_TYPE, agent };
  for (const isReused of [false, true]) {
    const request = httpRequest(`${gateway.url}/v1/traces`, options);
    request.end(Buffer.alloc(16 * 1024 ** 2));
    const closed = once(request, 'close');
    const [answer] = await once(request, 'response');
    answer.resume();
    await closed;
    expect([answer.statusCode, request.reusedSocket]).toEqual([413, isReused]);
  }
});

test('other methods and paths', async () => {
  const { gateway } = await startGateway();
  const answer = await fetch(`${gateway.url}/v1/traces`);
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
  const metrics = await fetch(`${gateway.url}/v1/metrics`, { method: 'POST', body: '{}' });
  expect(metrics.status).toBe(404);
  expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
});

test('exports that come together are read one by one, also after one that cannot be read', async () => {
  const { gateway } = await startGateway();
  const bodies = ['{', exportRequest([requestSpan('/a')]), '[', exportRequest([requestSpan('/b')])];
  const answers = await Promise.all(bodies.map((body) => sendSpans(gateway, body)));
  expect(answers.map(({ status }) => status)).toEqual([400, 200, 400, 200]);
  await eventually(() => gateway.stats().tracked === 2);
});

test('with a bearer token nobody else is heard, but for health checks', async () => {
  const output = captureOutput();
  const { gateway } = await startGateway({ bearerToken: 'sesame' });
  const send = (headers: object) => sendSpans(gateway, '{}', { ...JSON_TYPE, ...headers });
  for (const headers of [{}, { authorization: 'Bearer Sesame' }, { authorization: 'sesame' }]) {
    const answer = await send(headers);
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect(await answer.json()).toMatchObject({ code: 16 });
  }
  expect(output.filter((line) => line.includes('[export-not-read]'))).toHaveLength(1);
  expect((await send({ authorization: 'Bearer sesame' })).status).toBe(200);
  expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
});

test('a full queue is 503 with Retry-After until Matomo takes hits again; what was accepted is not lost', async () => {
  const output = captureOutput();
  const { gateway, inspector } = await startGateway({ maxQueueSize: 3, maxExportBatchSize: 3 });
  inspector.play({ status: 503 });
  const requests = (count: number) =>
    exportRequest(Array.from({ length: count }, (_, i) => requestSpan(`/${i}`)));
  for (let i = 0; i < 2; i++) expect((await sendSpans(gateway, requests(2))).status).toBe(200);
  await eventually(() => gateway.stats().pending === 3);
  const answer = await sendSpans(gateway, requests(1));
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
  expect(await answer.json()).toMatchObject({ code: 14 });
  expect((await sendSpans(gateway, requests(1))).status).toBe(503);
  expect(gateway.stats()).toMatchObject({ pending: 3, pendingRequests: 1, refusedExports: 2 });
  expect(output.filter((line) => line.includes('[exports-refused]'))).toHaveLength(1);
  inspector.play();
  await eventually(() => gateway.stats().tracked === 4);
  expect((await sendSpans(gateway, requests(1))).status).toBe(200);
  await eventually(() => gateway.stats().tracked === 5);
  expect(gateway.stats()).toMatchObject({ refusedExports: 2, lost: { queue_full: 0 } });
});

test('requests that wait for their spans do not count against the queue, and pass as it has room', async () => {
  const skipMinute = createSkipMinute();
  const { gateway } = await startGateway({ maxQueueSize: 100, graceMillis: 60_000 });
  const spans = Array.from({ length: 50 }, (_, i) => requestSpan(`/${i}`));
  for (let i = 1; i <= 8; i++) {
    const ofTrace = spans.map((span) => ({ ...span, traceId: `${i}`.padStart(32, '0') }));
    expect((await sendSpans(gateway, exportRequest(ofTrace))).status).toBe(200);
  }
  expect(gateway.stats()).toMatchObject({ pendingRequests: 400, refusedExports: 0 });
  skipMinute();
  await eventually(() => gateway.stats().tracked === 400);
  expect(gateway.stats()).toMatchObject({ refusedExports: 0, lost: { queue_full: 0 } });
});

test('so do hits of spans without a request, also when the gateway closes', async () => {
  const limits = { maxQueueSize: 3, maxExportBatchSize: 3, shutdownTimeoutMillis: 20_000 };
  const { gateway, inspector } = await startGateway(limits);
  inspector.play({ status: 503 });
  const jobs = Array.from({ length: 8 }, (_, i) =>
    otlpSpan({}, { events: [hitEvent({ e_c: 'job', e_a: `a${i}`, uid: 'ann' })] }),
  );
  expect((await sendSpans(gateway, exportRequest(jobs))).status).toBe(200);
  await eventually(() => gateway.stats().pending === 3);
  expect(gateway.stats().spans).toMatchObject({ waiting: 5, used: 3 });
  expect((await sendSpans(gateway, exportRequest([requestSpan('/a')]))).status).toBe(503);
  inspector.play();
  await gateway.close();
  expect(gateway.stats()).toMatchObject({ tracked: 8, lost: { queue_full: 0 } });
});

test('an event of a span without a request is one of its service', async () => {
  setEnvironment({ MATOMO_SITE_ID: 'blog=4,*=1' });
  const { gateway, inspector } = await startGateway({ siteId: undefined });
  for (const resource of [
    { 'service.name': 'blog' },
    { 'service.name': 'blog', 'matomo.idsite': 9 },
  ]) {
    const events = [hitEvent({ e_c: 'job', e_a: 'done', uid: 'ann' })];
    const answer = await sendSpans(gateway, exportRequest([otlpSpan({}, { events })], resource));
    expect(answer.status).toBe(200);
  }
  await eventually(() => gateway.stats().tracked === 2);
  expect(inspector.hits().map(({ params }) => params.idsite)).toEqual(['4', '9']);
});

test.each([
  [10_000, 0, 2],
  [101, 100, 102],
])(
  'a request with %i spans of %i events keeps no other out while Matomo is down',
  async (spans, events, pending) => {
    const { gateway, inspector } = await startGateway();
    inspector.play({ status: 503 });
    const send = (...all: OtlpSpan[]) => sendSpans(gateway, exportRequest(all));
    expect((await send(requestSpan('/first'))).status).toBe(200);
    await eventually(() => gateway.stats().pending === 1);
    const root = requestSpan('/import');
    const hits = Array.from({ length: events }, () => hitEvent({ e_c: 'row', e_a: 'a' }));
    const rows = Array.from({ length: spans }, () => below(root, {}, { events: hits }));
    expect((await send(root, ...rows)).status).toBe(200);
    await eventually(() => gateway.stats().pending === pending);
    expect((await send(requestSpan('/next'))).status).toBe(200);
  },
);

test('a request with more hits than the queue ever has room for keeps no other out, and those that do not fit are counted', async () => {
  const { gateway } = await startGateway({ maxQueueSize: 2 });
  const events = Array.from({ length: 3 }, (_, i) => hitEvent({ e_c: 'c', e_a: `a${i}` }));
  const send = async (span: OtlpSpan) => (await sendSpans(gateway, exportRequest([span]))).status;
  expect(await send({ ...requestSpan('/large'), events })).toBe(200);
  await eventually(() => gateway.stats().tracked === 2);
  expect(await send(requestSpan('/next'))).toBe(200);
  await eventually(() => gateway.stats().tracked === 3);
  expect(gateway.stats()).toMatchObject({ lost: { queue_full: 2 }, refusedExports: 0 });
});

test('clients that send half of a body and stop keep nobody out, and are answered 408', async () => {
  const { gateway } = await startGateway();
  const stopped = await Promise.all(
    Array.from({ length: 40 }, (_, i) => beginExport(gateway.url, [requestSpan(`/half/${i}`)])),
  );
  expect((await sendSpans(gateway, exportRequest([requestSpan('/a')]))).status).toBe(200);
  expect(await Promise.all(stopped.map(({ status }) => status))).toEqual(stopped.map(() => 408));
  expect(gateway.stats().spans.received).toBe(1);
});

test('more bytes of bodies than are kept are 429 with Retry-After, and bodies that are under way are taken', async () => {
  const maxBodyBytes = 65_536;
  const output = captureOutput();
  const { gateway } = await startGateway({ maxBodyBytes });
  const text = 'x'.repeat(maxBodyBytes - 2000);
  const large = (name: string) => [requestSpan(`/${name}`, {}, { text })];
  const slow = await Promise.all(
    Array.from({ length: 16 }, (_, i) => beginExport(gateway.url, large(`${i}`), 0.99)),
  );
  const refused = await eventually(async () => {
    const answer = await sendSpans(gateway, exportRequest(large('refused')));
    return answer.status === 429 && answer;
  });
  expect(refused.headers.get('retry-after')).toBe('5');
  expect(await refused.json()).toMatchObject({ code: 8 });
  expect(output.join('')).toMatch(/^[^\n]*\b429\b[^\n]*\[exports-refused\]\n?$/);
  for (const { finish } of slow) finish();
  const statuses = await Promise.all(slow.map(({ status }) => status));
  expect(statuses).toEqual(slow.map(() => 200));
  expect((await sendSpans(gateway, exportRequest(large('after')))).status).toBe(200);
});

test('connections beyond a thousand are closed, which is counted and logged, until others end', async () => {
  const output = captureOutput();
  const { gateway } = await startGateway();
  const port = Number(new URL(gateway.url).port);
  const sockets: Socket[] = [];
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  // The server closes idle ones, too.
  await eventually(() => {
    for (let i = 0; i < 50; i++)
      sockets.push(connect(port, '127.0.0.1').on('error', () => undefined));
    return gateway.stats().refusedExports > 0;
  });
  expect(sockets.length).toBeGreaterThan(1000);
  await eventually(() => output.join('').includes('[exports-refused]'));
  for (const socket of sockets) socket.destroy();
  await eventually(async () => {
    const answer = await sendSpans(gateway, '{}').catch(() => undefined);
    return answer?.status === 200;
  });
});

test.each([
  [{ listen: 'nonsense' }, /listen must be .*127\.0\.0\.1:4318, got "nonsense"/],
  [{ siteID: 1 }, /"siteID".*siteId\b/],
  [{ siteId: undefined }, /url and siteId/],
])('%j is a TypeError', async (wrong, message) => {
  const options = { url: 'http://127.0.0.1:9', siteId: 1, listen: '127.0.0.1:0', ...wrong };
  const error = await createGateway(options as object).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(TypeError);
  expect(error.message).toMatch(message);
});

test('a misspelled variable is warned about, one of a privacy option stops the gateway', async () => {
  const output = captureOutput();
  setEnvironment({ MATOMO_BEARER_TOKEN: '2' });
  await startGateway();
  const line = /MATOMO_BEARER_TOKEN .*MATOMO_GATEWAY_BEARER_TOKEN\b.*\[environment-invalid\]/;
  expect(output).toEqual([expect.stringMatching(line)]);
  setEnvironment({ MATOMO_DO_NOT_TRAK: 'true' });
  await expect(startGateway()).rejects.toThrow(/privacy options/);
  expect(output.at(-1)).toMatch(/MATOMO_DO_NOT_TRACK\b.* \[privacy-option-invalid\]/);
});

/** Sends a part of a body, and the rest on call. */
async function beginExport(url: string, spans: OtlpSpan[], part = 0.5) {
  const body = exportRequest(spans);
  const end = Math.floor(body.length * part);
  const headers = { ...JSON_TYPE, 'content-length': String(Buffer.byteLength(body)) };
  const request = httpRequest(`${url}/v1/traces`, { method: 'POST', headers, agent: false });
  const status = once(request, 'response').then(([answer]) => answer.resume().statusCode as number);
  await new Promise((resolve) => request.write(body.slice(0, end), resolve));
  return { finish: () => void request.end(body.slice(end)), status };
}

import { gzipSync } from 'node:zlib';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { expect, test } from 'vitest';
import { eventually, startServer } from '../support/child-process.js';
import { MAIN } from '../support/cli.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { below, exportRequest, otlpSpan, requestSpan } from '../support/otlp-spans.js';
import { matomo } from '../support/registered-app.js';

const MEBIBYTE = 1024 ** 2;
/** How many send a body at once. */
const SENDERS = 2;
const JSON_TYPE = { 'content-type': 'application/json' };
const PROTOBUF = { 'content-type': 'application/x-protobuf' };

/** Many fields of no length, one in the other: two bytes for each of the innermost. */
function emptySpans(): Uint8Array {
  const spans = Buffer.alloc(4 * MEBIBYTE - 64);
  for (let i = 0; i < spans.length; i += 2) spans[i] = 18;
  const scope = new BinaryWriter().tag(2, WireType.LengthDelimited).bytes(spans).finish();
  return new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(scope).finish();
}

function manyOf(item: string): string {
  return Array.from(
    { length: Math.floor((4 * MEBIBYTE - 2000) / (item.length + 1)) },
    () => item,
  ).join();
}

const HOSTILE: readonly [string, () => Uint8Array | string, Record<string, string>, number][] = [
  ['empty spans', emptySpans, PROTOBUF, 200],
  [
    'spans of nothing in JSON',
    () => `{"resourceSpans":[{"scopeSpans":[{"spans":[${manyOf('{"a":1}')}]}]}]}`,
    JSON_TYPE,
    200,
  ],
  [
    'scopes of nothing in JSON',
    () => `{"resourceSpans":[{"scopeSpans":[${manyOf('{"a":1}')}]}]}`,
    JSON_TYPE,
    200,
  ],
  ['objects without end', () => `{"resourceSpans":[${manyOf('{}')}]}`, JSON_TYPE, 400],
  [
    'lists in lists',
    () => `{"resourceSpans":${'['.repeat(MEBIBYTE)}${']'.repeat(MEBIBYTE)}}`,
    JSON_TYPE,
    400,
  ],
  [
    'attributes without end',
    () =>
      exportRequest([requestSpan('/a')]).replace(
        '"attributes":[',
        `"attributes":[${manyOf('{"key":"a"}')},`,
      ),
    JSON_TYPE,
    200,
  ],
  [
    'a bomb',
    () => gzipSync(Buffer.alloc(256 * MEBIBYTE), { level: 1 }),
    { ...PROTOBUF, 'content-encoding': 'gzip' },
    413,
  ],
  ['a long chain', chain, JSON_TYPE, 200],
];

function chain(): string {
  const spans = [requestSpan('/chain')];
  for (let i = 0; i < 10_000; i++)
    spans.push(below(spans.at(-1) as ReturnType<typeof otlpSpan>, { 'matomo.cvar.a': 'b' }));
  return exportRequest(spans.reverse());
}

test('hostile bodies take neither its memory nor its time from a gateway, and it goes on', async () => {
  const { inspector, env } = await matomo();
  const gateway = await startServer(
    ['--max-old-space-size=192', MAIN, 'gateway', '--listen', '127.0.0.1:0'],
    { env: { ...env, MATOMO_GATEWAY_GRACE: '100', MATOMO_SCHEDULE_DELAY: '50' } },
  );
  const url = gateway.url.replace(/\/v1\/traces.*$/, '');
  for (const [name, body, headers, status] of HOSTILE) {
    const content = body();
    const sent = Array.from({ length: SENDERS }, () => sendSpans({ url }, content, headers));
    const statuses = (await Promise.all(sent)).map((answer) => answer.status);
    expect(statuses, name).toEqual(statuses.map(() => status));
  }
  expect((await sendSpans({ url }, exportRequest([requestSpan('/after')]))).status).toBe(200);
  await eventually(() => inspector.hits().some(({ stored }) => stored?.title === 'GET /after'));
  expect(await gateway.stop()).toMatchObject({ code: 0 });
  const lines = gateway.stderr().split('\n');
  expect(lines.filter((line) => line !== '' && !line.endsWith('[export-not-read]'))).toEqual([]);
});

test('spans that wait are bounded: the longest waiting go on early, and no request is lost', async () => {
  const { gateway } = await startGateway({
    beforeSend: () => null,
    graceMillis: 60_000,
    maxQueueSize: 1_000_000,
    shutdownTimeoutMillis: 100,
  });
  let requests = 0;
  for (let i = 0; i < 26; i++) {
    const spans = Array.from({ length: 4000 }, (_, n) =>
      n % 10 > 0 ? otlpSpan() : requestSpan(`/${n}`),
    );
    requests += spans.length / 10;
    expect((await sendSpans(gateway, exportRequest(spans))).status).toBe(200);
  }
  // A tenth goes on at once: one by one would take five times as long.
  await eventually(() => gateway.stats().spans.waiting < 95_000);
  const { spans, hits, ignored, pendingRequests, lost } = gateway.stats();
  expect(spans.received).toBe(spans.waiting + spans.used + spans.unused);
  expect(hits + ignored.predicate + pendingRequests).toBe(requests);
  expect(lost.queue_full).toBe(0);
});

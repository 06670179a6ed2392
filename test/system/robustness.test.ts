import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import express from 'express';
import { expect, test } from 'vitest';
import { annotate, MatomoSpanProcessor } from '../../src/index.js';
import { finishedSpan, serverSpan } from '../support/builders.js';
import { eventually } from '../support/child-process.js';
import { listen } from '../support/listen.js';
import { captureOutput } from '../support/output.js';
import { rawRequest, sendRaw, statusOf } from '../support/raw-request.js';
import { seededRandom } from '../support/seed.js';
import { startExporter, startProcessor } from '../support/senders.js';
import { requires } from '../support/skips.js';
import { sorted } from '../support/sorted.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { startTracedService } from '../support/traced-service.js';
import { words } from '../support/words.js';

test('a Matomo that does not answer changes nothing for who calls the service', async () => {
  const service = await startTracedService((_request, response) => void response.end('ok'), {
    maxExportBatchSize: 1,
    shutdownTimeoutMillis: 100,
  });
  service.inspector.play({ delayMillis: 600_000 });
  for (let i = 0; i < 30; i++) await service.fetch('/');
  await service.requests(30);
  expect(service.processor.stats()).toMatchObject({ tracked: 0, pending: 30 });
  captureOutput();
});

test('an unreachable Matomo is said once and harms nobody', async () => {
  const lines = captureOutput();
  const service = await startTracedService((_request, response) => void response.end('ok'), {
    url: 'http://127.0.0.1:1',
    scheduledDelayMillis: 10,
  });
  for (let i = 0; i < 10; i++) expect((await service.fetch('/')).body).toBe('ok');
  await service.requests(10);
  await service.processor.forceFlush();
  await service.processor.forceFlush();
  expect(service.processor.stats()).toMatchObject({ hits: 10, pending: 10 });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^opentelemetry-matomo: .*ECONNREFUSED/);
});

const GET = { 'http.request.method': 'GET' };

const HOSTILE: readonly (readonly [what: string, attributes: unknown, others?: object])[] = [
  ['no attributes', undefined],
  ['a method and nothing else', GET],
  [
    'attributes of wrong types',
    {
      'http.request.method': ['GET'],
      'url.path': 5,
      'url.query': {},
      'http.response.status_code': 'x',
      'http.route': [],
    },
  ],
  [
    'lone surrogates everywhere',
    {
      'http.request.method': 'G\ud800',
      'url.path': '/\udfff',
      'url.query': '\ud800=\udfff',
      'user_agent.original': '\ud83d',
      'http.route': '/\ud800',
      'server.address': '\ud800',
      'matomo.action_name': '\ud800',
      'matomo.cvar.\ud800': '\udfff',
    },
  ],
  [
    'huge values',
    {
      ...GET,
      'url.path': `/${'é'.repeat(100_000)}`,
      'url.query': 'a'.repeat(100_000),
      'user_agent.original': '日'.repeat(100_000),
      'matomo.e_c': 'x'.repeat(100_000),
      'matomo.e_a': 'y'.repeat(100_000),
    },
  ],
  [
    'many matomo.* attributes',
    {
      ...GET,
      ...Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`matomo.n${i}`, i])),
      'matomo.__proto__': 'x',
      'matomo.constructor': 'x',
      'matomo.perf_key': 'pf_no',
      'matomo.idsite': -1,
    },
  ],
  [
    'times that are none',
    GET,
    { startTime: [Number.NaN, 0], duration: [Number.POSITIVE_INFINITY, 0] },
  ],
];

const THROWING = {
  get attributes() {
    throw new Error('no');
  },
};

test.each<[string, object]>([
  ['nothing at all', {}],
  ['a getter that throws', THROWING],
  ...HOSTILE.map(([what, attributes, others]): [string, object] => [
    what,
    { attributes, ...others },
  ]),
])('a span with %s throws nothing, and what it makes is valid', async (_name, span) => {
  captureOutput();
  const { inspector, processor } = await startProcessor();
  for (const base of [finishedSpan(), finishedSpan({ kind: 0 }), { kind: 1 }, { kind: 0 }]) {
    const given = Object.defineProperties(base, Object.getOwnPropertyDescriptors(span));
    processor.onStart(given as never, ROOT_CONTEXT);
    processor.onEnd(given as never);
  }
  await processor.forceFlush();
  const { hits, tracked, pending, lost } = processor.stats();
  expect({ all: tracked + lost.rejected, pending }).toEqual({ all: hits, pending: 0 });
  const verdicts = inspector.hits().map(({ verdict }) => verdict);
  expect(verdicts).toEqual(Array(tracked).fill('tracked'));
});

test('null and undefined in place of a span throw nothing', () => {
  captureOutput();
  const processor = new MatomoSpanProcessor({ url: 'http://127.0.0.1:1', siteId: 1 });
  for (const odd of [null, undefined, 5, 'x']) {
    processor.onStart(odd as never, undefined as never);
    processor.onEnd(odd as never);
  }
  expect(processor.stats().hits).toBe(0);
  return processor.shutdown();
});

test('the processor’s own requests are no spans', async () => {
  const service = await startTracedService((_request, response) => void response.end());
  const names: string[] = [];
  const { onStart } = service.processor;
  service.processor.onStart = (span, parent) => {
    names.push((span as unknown as { name: string }).name);
    onStart.call(service.processor, span, parent);
  };
  await service.fetch('/');
  await service.requests(1);
  const before = names.length;
  await trace.getTracer('test').startActiveSpan('flushing', async (span) => {
    await service.processor.forceFlush();
    span.end();
  });
  await eventually(() => service.processor.stats().tracked === 1);
  await expect(names.slice(before)).toEqual(['flushing', 'POST']); // the inspector runs in this process: its SERVER span
});

test('the exporter makes the same hits from finished spans, in one batch and any order', async () => {
  const { inspector, exporter } = await startExporter();
  const host = { 'server.address': 'shop.example.org' };
  const [a, b] = ['a'.repeat(16), 'b'.repeat(16)];
  const below = (spanId: string) => ({ parentSpanContext: { traceId: '1'.repeat(32), spanId } });
  const timed = { 'matomo.perf_key': 'pf_dm1' };
  const spans = [
    finishedSpan({ kind: 0, attributes: timed, ...below(b) }),
    finishedSpan({ kind: 0, id: b, attributes: { 'matomo.dimension1': 'x' }, ...below(a) }),
    serverSpan('/users/1', { ...host, 'http.route': '/users/:id' }, below(a)),
    serverSpan('/users/1', host, { id: a }),
  ];
  const codes: number[] = [];
  exporter.export(spans, ({ code }) => codes.push(code));
  await exporter.shutdown();
  expect(codes).toEqual([0]);
  expect(inspector.hits().map(({ stored }) => stored)).toMatchObject([
    {
      title: 'GET /users/:id',
      url: 'https://shop.example.org/users/1',
      custom_dimension_1: 'x',
      time_dom_processing: 12,
    },
  ]);
  expect(exporter.stats()).toMatchObject({ hits: 1, tracked: 1 });
});

test('a dry run shows each hit, without the token, and sends nothing', async () => {
  const lines = captureOutput();
  const service = await startTracedService((_request, response) => void response.end(), {
    dryRun: true,
    tokenAuth: 's3cret',
  });
  expect(await service.visit('/a')).toEqual([]);
  expect(service.processor.stats()).toMatchObject({ hits: 1, accepted: 1, pending: 0 });
  expect(lines).toEqual([
    expect.stringMatching(/^opentelemetry-matomo: dry run: \?idsite=1&.*action_name=GET \/a/),
  ]);
  expect(lines.join()).not.toContain('s3cret');
});

test('spans without attributes, as the bridges of other tracers make them, are passed over in silence', async () => {
  const lines = captureOutput();
  const { processor } = await startProcessor();
  for (const kind of [0, 1, 2]) {
    const span = { kind, spanContext: () => ({ traceId: 'a', spanId: 'b', traceFlags: 1 }) };
    processor.onStart(span as never, ROOT_CONTEXT);
  }
  expect(lines).toEqual([]);
});

const serveNothing: RequestListener = (_request, response) => void response.end();
const BEHIND_PROXY = { tokenAuth: 'writer', trustProxy: true } as const;

test('every method is tracked under its name', async () => {
  const service = await startTracedService(serveNothing);
  for (const method of ['PROPFIND', 'M-SEARCH'])
    await sendRaw(service, rawRequest('/raw', [], method));
  await service.requests(2);
  const titles = (await service.hits()).map(({ stored }) => stored?.title);
  expect(sorted(titles)).toEqual(['M-SEARCH /raw', 'PROPFIND /raw']);
});

/** Of which any may have any bytes. */
const HEADERS = words(`
  User-Agent Accept-Language Referer Cookie Host X-Forwarded-For X-Forwarded-Host
  X-Forwarded-Proto Forwarded Sec-CH-UA Sec-CH-UA-Platform DNT traceparent
`);

test('no bytes in a header make a request fail', async () => {
  const output = captureOutput();
  const service = await startTracedService(serveNothing, {
    ...BEHIND_PROXY,
    visitorId: 'cookie',
    doNotTrack: true,
  });
  const values = [
    '\xff\xfe\xfd',
    '\xc3\x28',
    '\xed\xa0\x80',
    '"'.repeat(400),
    '%',
    ',;=, ,',
    '[',
    '::',
  ];
  const random = seededRandom();
  while (values.length < 40) values.push(randomBytes(random));
  const requests = values.flatMap((value, i) => [
    rawRequest(`/raw/${i}`, [`${HEADERS[i % HEADERS.length]}: ${value}`]),
    rawRequest(
      `/raw/all/${i}`,
      HEADERS.filter((name) => name !== 'Host').map((name) => `${name}: ${value}`),
    ),
  ]);
  const answers = await Promise.all(requests.map((request) => sendRaw(service, request)));
  expect(new Set(answers.map(statusOf))).toEqual(new Set([200]));
  await service.requests(requests.length);
  const verdicts = (await service.hits()).map(({ verdict }) => verdict);
  expect(verdicts).toEqual(requests.map(() => 'tracked'));
  expect(output).toEqual([]);
});

/** Bytes that a header value may have: all but control characters. */
function randomBytes(random: () => number): string {
  const below = (limit: number) => Math.floor(random() * limit);
  const bytes = Array.from({ length: 1 + below(60) }, () => 0x21 + below(0xdf));
  return bytes.map((byte) => String.fromCharCode(byte === 0x7f ? 0x80 : byte)).join('');
}

test('a header of which nothing is left is not sent, and nothing is logged', async () => {
  const output = captureOutput();
  const service = await startTracedService(serveNothing, {
    dimensions: {
      1: 'http.request.header.host',
      2: 'http.request.header.x-original-url',
      3: 'http.request.header.x-note',
    },
  });
  const headers = ['Host: user@', 'X-Original-Url: #top', 'X-Note: \x85'];
  expect(statusOf(await sendRaw(service, rawRequest('/raw', headers)))).toBe(200);
  await service.requests(1);
  const params = (await service.hits())[0]?.params ?? {};
  expect(Object.keys(params).filter((name) => name.startsWith('dimension'))).toEqual([]);
  expect(output).toEqual([]);
});

test('a Unix socket makes no request fail', async () => {
  requires('Unix sockets');
  const service = await startTracedService(serveNothing, BEHIND_PROXY);
  const folder = temporaryFolder();
  const path = join(folder, 's');
  await listen((_request, response) => void response.end(), { path });
  const answer = await sendRaw(
    { path },
    rawRequest('/unix', ['X-Forwarded-For: \xff, 203.0.113.5']),
  );
  expect(statusOf(answer)).toBe(200);
  await service.requests(1);
  expect((await service.hits())[0]?.params).toMatchObject({
    url: 'https://shop.example/unix',
    cip: '203.0.113.5',
  });
});

test('data that cannot be sent reaches neither the application nor its errors', async () => {
  const output = captureOutput();
  const raise = () => {
    throw new RangeError('not readable');
  };
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const unsendable = {
    dimension1: 10n,
    dimension2: circular,
    action_name: Symbol('x'),
    uid: { toString: raise },
    cvar: { big: 10n, circular, symbol: Symbol('x'), fine: 'yes', thrower: { toString: raise } },
  };
  const own = new TypeError('of the application');
  const seen: unknown[] = [];
  const service = await startTracedService(() => {
    const app = express();
    app.get('/fails', () => {
      annotate(unsendable as never);
      annotate(new Proxy({}, { ownKeys: raise }) as never);
      throw own;
    });
    app.use(((error, _request, response, _next) => {
      seen.push(error);
      response.status(500).send(error.message);
    }) satisfies express.ErrorRequestHandler);
    return app;
  });
  expect(await service.fetch('/fails')).toMatchObject({ status: 500, body: own.message });
  expect(seen).toEqual([own]);
  await service.requests(1);
  const [hit] = await service.hits();
  expect(hit?.stored).toMatchObject({
    title: 'GET /fails',
    custom_var_k3: 'big',
    custom_var_v3: '10',
    custom_var_k4: 'fine',
    custom_var_v4: 'yes',
    custom_dimension_1: '10',
  });
  for (const absent of ['custom_var_k5', 'custom_dimension_2'])
    expect(hit?.stored).not.toHaveProperty(absent);
  expect(output.join('')).toContain('[parameter-invalid]');
});

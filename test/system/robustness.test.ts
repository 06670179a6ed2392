import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import express from 'express';
import { expect, test } from 'vitest';
import { annotate, MatomoSpanProcessor } from '../../src/index.js';
import { finishedSpan } from '../support/builders.js';
import { eventually } from '../support/child-process.js';
import { listen } from '../support/listen.js';
import { captureOutput } from '../support/output.js';
import { rawRequest, sendRaw, statusOf } from '../support/raw-request.js';
import { seededRandom } from '../support/seed.js';
import { startProcessor } from '../support/senders.js';
import { requires } from '../support/skips.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { startTracedService } from '../support/traced-service.js';
import { words } from '../support/words.js';

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

const serveNothing: RequestListener = (_request, response) => void response.end();
const BEHIND_PROXY = { tokenAuth: 'writer', trustProxy: true } as const;

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

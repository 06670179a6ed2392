import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { InspectedHit } from '../../src/inspector/index.js';
import { type Service, startBoth, TRACKED } from '../support/both-services.js';
import { finishedSpan } from '../support/builders.js';
import { eventually } from '../support/child-process.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { exportRequest, requestSpan } from '../support/otlp-spans.js';
import { startExporter } from '../support/senders.js';

/** Sends a request, waits for the first bytes of the body, and returns what leaves. */
async function open({ port, url }: Service, http: 1 | 2): Promise<() => void> {
  if (http === 2) {
    const session = connectHttp2(url).on('error', () => undefined);
    onTestFinished(() => session.destroy());
    const stream = session.request({ ':path': '/r' }).on('error', () => undefined);
    await once(stream, 'data');
    return () => session.destroy();
  }
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  socket.write('GET /r HTTP/1.1\r\nHost: shop.example\r\nExpect: 100-continue\r\n\r\n');
  let received = '';
  socket.on('data', (bytes) => {
    received += bytes;
  });
  await eventually(() => received.includes('part'));
  return () => void socket.destroy();
}

/** The status, and which times there are. */
function outcomeOf([hit, ...others]: readonly InspectedHit[]) {
  expect(others).toEqual([]);
  const times = ['gt_ms', 'pf_srv'].filter((name) => name in (hit?.params ?? {}));
  return [hit?.stored?.custom_var_v1, ...times].join(' ');
}

const ENDLESS = [
  'text/event-stream',
  'Text/Event-Stream; charset=utf-8',
  'multipart/x-mixed-replace; boundary=frame',
  'application/x-ndjson',
  'application/ndjson; charset=utf-8',
  'application/jsonl',
  'application/x-jsonlines',
  'application/jsonlines',
  'text/x-ndjson',
  'application/json-seq',
  'application/geo+json-seq',
  'application/stream+json',
  'application/x-json-stream',
  'application/json;stream=watch',
  'application/vnd.kubernetes.protobuf; stream=watch',
  'audio/mpeg',
  'video/mp2t',
];
const FINITE = [
  'application/json',
  'application/json; profile=stream',
  'application/x-ndjson-schema',
  'application/javascript',
  'application/vnd.apple.mpegurl',
  'application/grpc-web+proto',
  'multipart/form-data; boundary=x',
  'text/html',
  'text/plain; charset=video/mp4',
];

const WHO: [string, (response: ServerResponse, leave: () => void) => void][] = [
  ['the client leaves', (_response, leave) => leave()],
  ['the server ends it', (response) => void response.end()],
  ['the server destroys it', (response) => void response.destroy()],
];

/** Each type is sent by one of the services, in turns. */
let turn = 0;
const inTurns = (types: readonly string[]) => types.filter((_, i) => i % 4 === turn);

for (const http of [1, 2] as const) {
  for (const tracked of TRACKED) {
    async function outcome(type: string, stop = WHO[0]?.[1], more: Record<string, number> = {}) {
      let stream: ServerResponse | undefined;
      const handle = (_request: unknown, response: ServerResponse) => {
        stream = response;
        response.writeHead(203, { 'Content-Type': type, ...more }).write('part');
      };
      const service = await startBoth(tracked, handle, { http });
      const leave = await open(service, http);
      stop?.(stream as ServerResponse, leave);
      return outcomeOf(await service.hitsOf(1));
    }

    test.each(inTurns(ENDLESS))(
      `HTTP/${http} ${tracked}: a client that leaves %s has the status that was sent, and no server time`,
      async (type) => expect(await outcome(type)).toBe('203'),
    );

    test.each(WHO)(
      `HTTP/${http} ${tracked}: a stream of JSON lines has its own status and no server time if %s`,
      async (_who, stop) => expect(await outcome('application/x-ndjson', stop)).toBe('203'),
    );

    test.each(inTurns(FINITE))(
      `HTTP/${http} ${tracked}: a client that leaves %s has 499`,
      async (type) => expect(await outcome(type)).toBe('499 gt_ms pf_srv'),
    );

    test.each(['audio/mpeg', 'video/mp4'])(
      `HTTP/${http} ${tracked}: a client that leaves %s with a length has 499`,
      async (type) =>
        expect(await outcome(type, undefined, { 'Content-Length': 1000 })).toBe('499 gt_ms pf_srv'),
    );
    turn += 1;
  }
}

const HEADER = 'http.response.header';
const ATTRIBUTES: [Record<string, string | number | string[]>, boolean][] = [
  ...ENDLESS.map((type) => [{ [`${HEADER}.content-type`]: [type] }, false] as never),
  ...FINITE.map((type) => [{ [`${HEADER}.content-type`]: [type] }, true] as never),
  [{ [`${HEADER}.content_type`]: 'application/x-ndjson' }, false],
  [{ [`${HEADER}.content-type`]: ['audio/mpeg'], [`${HEADER}.content-length`]: ['9'] }, true],
  [{ [`${HEADER}.content-type`]: ['video/mp4'], 'http.response.body.size': 9 }, true],
];

test.each(ATTRIBUTES)('attributes %j: there is a server time: %s', async (attributes, isTimed) => {
  const all = { 'http.request.method': 'GET', 'http.response.status_code': 203, ...attributes };
  const { exporter, inspector } = await startExporter({}, { customVariables: true });
  exporter.export([finishedSpan({ attributes: { 'url.path': '/r', ...all } })], () => undefined);
  await exporter.forceFlush();
  expect(outcomeOf(inspector.hits())).toBe(isTimed ? '203 gt_ms pf_srv' : '203');
});

test('a gateway keeps the content type', async () => {
  const { gateway, inspector } = await startGateway();
  const spans = ATTRIBUTES.map(([attributes, isTimed]) =>
    requestSpan(isTimed ? '/timed' : '/endless', {}, attributes),
  );
  await sendSpans(gateway, exportRequest(spans));
  await eventually(() => inspector.hits().length === spans.length);
  for (const { params } of inspector.hits())
    expect('pf_srv' in params).toBe(params.url?.endsWith('/timed'));
});

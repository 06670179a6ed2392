import { once } from 'node:events';
import { createServer } from 'node:http';

/** Where an application's own exporter sends to: takes OTLP/HTTP in JSON and keeps all spans, as lines that two runs can be compared by. */
export async function startOtlpReceiver() {
  const traces = new Map();
  const server = createServer(async (request, response) => {
    const chunks = await request.toArray();
    const { resourceSpans = [] } = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    for (const { resource, scopeSpans = [] } of resourceSpans) {
      for (const { scope, spans } of scopeSpans) {
        for (const span of spans) {
          const trace = traces.get(span.traceId) ?? [];
          traces.set(span.traceId, [...trace, { ...span, scope, resource }]);
        }
      }
    }
    response.setHeader('content-type', 'application/json').end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}/v1/traces`,
    spans: () => [...traces.values()].flatMap(toLines).toSorted(byText),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** A line for each span of a trace, with its place among them: scope by scope, by when they ended. What differs from run to run is left out. */
function toLines(spans) {
  const nameOf = (id) => spans.find(({ spanId }) => spanId === id)?.name ?? 'remote';
  return spans.map(({ name, kind, parentSpanId, flags, traceState, ...span }, index) => {
    const parent = parentSpanId ? nameOf(parentSpanId) : 'none';
    const { scope, status, events = [], links = [], attributes, resource } = span;
    const state = traceState?.replace(/rv:[0-9a-f]+/, 'rv:RANDOM');
    const of = { parent, flags, state, scope: scope?.name, status, links: links.length };
    const happened = events.map((event) => [event.name, ...toTexts(event.attributes)]);
    const all = [...toTexts(attributes), ...toTexts(resource?.attributes)];
    return `${KINDS[kind]} ${name}, ended as ${index + 1}: ${JSON.stringify([of, all, happened])}`;
  });
}

function toTexts(attributes = []) {
  return attributes
    .filter(({ key }) => !VARYING.has(key))
    .map(({ key, value }) => `${key}=${/\.port$/.test(key) ? 'PORT' : withoutPorts(value)}`)
    .toSorted(byText);
}

function withoutPorts(value) {
  return JSON.stringify(value).replace(/(127\.0\.0\.1|localhost):\d+/g, '$1:PORT');
}

/** Attributes that differ from run to run; the last ones are Datadog's. */
const VARYING = new Set(['exception.stacktrace', 'process_id', 'runtime-id', '_dd.rc.client_id']);
const byText = (a, b) => (a < b ? -1 : 1);
const KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'];

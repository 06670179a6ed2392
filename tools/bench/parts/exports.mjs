// Export requests as OpenTelemetry's own exporter makes them: every fourth span is a request, the others are below it.
import { randomBytes } from 'node:crypto';
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';

const REQUEST = {
  'http.request.method': 'GET',
  'http.response.status_code': 200,
  'http.route': '/users/:id',
  'url.scheme': 'https',
  'url.query': 'page=2',
  'server.address': 'shop.example.org',
  'server.port': 443,
  'network.peer.address': '10.0.0.2',
  'network.protocol.version': '1.1',
  'user_agent.original': 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
};
const BELOW = {
  'db.system.name': 'postgresql',
  'db.namespace': 'shop',
  'db.query.text': 'SELECT * FROM users WHERE id = $1',
  'server.address': 'db.example.org',
};
const RESOURCE = {
  attributes: { 'service.name': 'shop', 'service.instance.id': '1', 'host.name': 'shop-1' },
};
const SCOPE = { name: 'bench', version: '1.0.0' };

/** So many exports of so many spans, as protobuf, or as JSON if `format` is `json`. */
export function createExports(count, spans, format) {
  const isJson = format === 'json';
  const serializer = isJson ? JsonTraceSerializer : ProtobufTraceSerializer;
  const bodies = Array.from({ length: count }, () => {
    let traceId;
    let requestId;
    const made = Array.from({ length: spans }, (_, i) => {
      const isRequest = i % 4 === 0;
      if (isRequest) traceId = randomBytes(16).toString('hex');
      const spanId = randomBytes(8).toString('hex');
      const parent = isRequest ? undefined : { traceId, spanId: requestId, traceFlags: 1 };
      if (isRequest) requestId = spanId;
      const attributes = isRequest ? { ...REQUEST, 'url.path': `/users/${i}` } : BELOW;
      return toSpan({ traceId, spanId, parent, isRequest, attributes });
    });
    return Buffer.from(serializer.serializeRequest(made));
  });
  return { type: isJson ? 'application/json' : 'application/x-protobuf', bodies };
}

function toSpan({ traceId, spanId, parent, isRequest, attributes }) {
  const seconds = Math.floor(Date.now() / 1000) - 1;
  return {
    name: isRequest ? 'GET /users/:id' : 'SELECT shop',
    kind: isRequest ? 1 : 2,
    spanContext: () => ({ traceId, spanId, traceFlags: 1 }),
    parentSpanContext: parent,
    startTime: [seconds, 0],
    endTime: [seconds, 12_000_000],
    duration: [0, 12_000_000],
    status: { code: 0 },
    attributes,
    links: [],
    events: [],
    ended: true,
    resource: RESOURCE,
    instrumentationScope: SCOPE,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

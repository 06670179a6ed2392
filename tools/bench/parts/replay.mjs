import { channel } from 'node:diagnostics_channel';
import { load } from './package.mjs';

const { ROOT_CONTEXT, SpanKind, TraceFlags } = load('@opentelemetry/api');
const { BasicTracerProvider, RandomIdGenerator } = load('@opentelemetry/sdk-trace-base');
const announced = channel('http.server.request.start');
const finished = channel('http.server.response.finish');
const server = {};

/** What Node's http server and the SDK would do for each of these requests, without either: the span has ended long ago. */
export function createReplay(processor, requests) {
  const spans = createServerSpans(requests);
  const contexts = createSpanContexts();
  const messages = requests.map(toIncomingMessage);
  let begun = 0;
  return function replay(from = 0, to = spans.length) {
    for (let i = from; i < to; i++) {
      // New objects each time: what is stored on them must not outlive the request.
      const request = new Message(messages[i]);
      const span = new ServerSpan(spans[i], contexts[begun++ % contexts.length]);
      const response = new Response();
      announced.publish({ request, response, server });
      processor.onStart(span, ROOT_CONTEXT);
      response.writableFinished = true;
      finished.publish({ request, response, socket: request.socket, server });
      response.closed = true;
      processor.onEnd(span);
    }
  };
}

/** So many that a trace is forgotten before its ID comes again, as no ID does in an application. */
function createSpanContexts() {
  const ids = new RandomIdGenerator();
  return Array.from({ length: 5000 }, () => ({
    traceId: ids.generateTraceId(),
    spanId: ids.generateSpanId(),
    traceFlags: TraceFlags.SAMPLED,
  }));
}

/** An instance of a class, as in Node.js: V8 keeps what is stored on a copy of a literal until it collects all garbage. */
class Message {
  constructor({ method, url, headers, socket }) {
    this.method = method;
    this.url = url;
    this.headers = headers;
    this.socket = socket;
  }
}

/** What is read of Node's response. */
class Response {
  statusCode = 200;
  headersSent = true;
  destroyed = false;
  closed = false;
  writableFinished = false;

  once() {
    return this;
  }

  getHeader() {
    return 'text/html';
  }
}

/** What is read of the SDK's spans. */
class ServerSpan {
  constructor(span, context) {
    this.name = span.name;
    this.kind = span.kind;
    this.startTime = span.startTime;
    this.duration = span.duration;
    this.attributes = span.attributes;
    this.resource = span.resource;
    this.status = span.status;
    this.events = span.events;
    this.links = span.links;
    this.parentSpanContext = span.parentSpanContext;
    this.context = context;
  }

  spanContext() {
    return this.context;
  }
}

function toIncomingMessage(request) {
  return {
    method: 'GET',
    url: `${request.path}?${request.query}`,
    headers: {
      host: request.host,
      'user-agent': request.userAgent,
      'accept-language': request.acceptLanguage,
      referer: request.referrer,
    },
    socket: { remoteAddress: request.address, bytesWritten: 0, destroyed: false },
  };
}

/** With what the http instrumentation sets. */
function createServerSpans(requests) {
  const tracer = new BasicTracerProvider().getTracer('bench');
  return requests.map((request) => {
    const options = {
      kind: SpanKind.SERVER,
      startTime: request.startMillis,
      attributes: toAttributes(request),
    };
    const span = tracer.startSpan('GET', options, ROOT_CONTEXT);
    span.setAttributes({ 'http.response.status_code': 200, 'http.route': request.route });
    span.end(request.startMillis + request.durationMillis);
    return span;
  });
}

function toAttributes(request) {
  return {
    'http.request.method': 'GET',
    'url.scheme': 'http',
    'url.path': request.path,
    'url.query': request.query,
    'server.address': request.host,
    'network.peer.address': request.address,
    'network.protocol.version': '1.1',
    'user_agent.original': request.userAgent,
  };
}

// A tracer provider that is not of the OpenTelemetry SDK.
const { trace } = require('@opentelemetry/api');

class ForeignProvider {
  getTracer() {
    return { startSpan: () => trace.wrapSpanContext({ traceId: '', spanId: '', traceFlags: 0 }) };
  }
}
trace.setGlobalTracerProvider(new ForeignProvider());

const server = require('node:http').createServer((_request, response) => response.end('ok'));
require('./listen.cjs')(server);

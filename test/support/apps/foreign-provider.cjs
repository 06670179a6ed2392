// A tracer provider that is not of the OpenTelemetry SDK.
const { trace } = require('@opentelemetry/api');

class ForeignProvider {
  getTracer() {
    return { startSpan: () => trace.wrapSpanContext({ traceId: '', spanId: '', traceFlags: 0 }) };
  }
}
trace.setGlobalTracerProvider(new ForeignProvider());

const server = require('node:http').createServer((_request, response) => response.end('ok'));
server.listen(process.env.PORT, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});

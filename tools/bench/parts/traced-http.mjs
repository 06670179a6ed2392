// What servers under measurement have in common: OpenTelemetry with one span processor, and http requests.
import { createRequire } from 'node:module';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';

export const noop = {
  onStart() {},
  onEnd() {},
  forceFlush: async () => {},
  shutdown: async () => {},
};

/** Serves on loopback until the parent goes, which is told the URL. */
export function serveTraced(processor, listener) {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [processor] }));
  new HttpInstrumentation();
  const { createServer } = createRequire(import.meta.url)('node:http'); // what is imported is not patched
  const server = createServer(listener);
  process.on('disconnect', () => process.exit());
  server.listen(0, '127.0.0.1', () => process.send(`http://127.0.0.1:${server.address().port}`));
}

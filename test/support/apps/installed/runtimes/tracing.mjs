// The SDK as an application sets it up, with the processor of this package.

import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { MatomoSpanProcessor } from 'opentelemetry-matomo';

export const processor = new MatomoSpanProcessor();

export function startTracing() {
  const provider = new BasicTracerProvider({ spanProcessors: [processor] });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  return trace.getTracer('app');
}

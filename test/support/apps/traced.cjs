// A preload that traces requests to servers, as an application may do that knows nothing of this package. Nothing is exported.
const { context, trace } = require('@opentelemetry/api');
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { BasicTracerProvider } = require('@opentelemetry/sdk-trace-base');

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(new BasicTracerProvider());
new HttpInstrumentation({ disableOutgoingRequestInstrumentation: true });
// Also for ES modules, which share what is patched now.
require('node:http');
require('node:https');

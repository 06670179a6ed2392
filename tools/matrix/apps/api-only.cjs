// Has no tracing, but uses the API of OpenTelemetry, as libraries do.
const { trace } = require('@opentelemetry/api');
const { createExpressServer } = require('./express-app.cjs');
const { serve } = require('./serve.cjs');

trace.getTracer('library').startSpan('at start').end();
serve(createExpressServer());

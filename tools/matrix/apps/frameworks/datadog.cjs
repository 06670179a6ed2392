// Datadog traces requests with a tracer of its own kind, which heeds OTEL_TRACES_EXPORTER. The connections that it makes
// are left out: they are of other ports in each run.
const tracer = require('dd-trace').init({
  plugins: false,
  startupLogs: false,
  remoteConfig: { enabled: false },
});
tracer.use('http', { client: false });
tracer.use('express');

const { createExpressServer } = require('../express-app.cjs');
const { serve } = require('../serve.cjs');

serve(createExpressServer());

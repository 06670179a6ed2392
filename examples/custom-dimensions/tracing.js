const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { NodeSDK } = require('@opentelemetry/sdk-node');
const { MatomoSpanProcessor } = require('opentelemetry-matomo');

const sdk = new NodeSDK({
  instrumentations: [new HttpInstrumentation()],
  spanProcessors: [
    new MatomoSpanProcessor({
      dimensions: {
        // Facts of every request, under OpenTelemetry's names for them.
        1: 'http.request.method',
        2: 'http.response.status_code',
        // An attribute that app.js sets.
        3: 'shop.plan',
        // Whatever can be told from the request.
        4: ({ userAgent = '' }) => (userAgent.startsWith('Mozilla/') ? 'browser' : 'program'),
      },
      // Without its plugin for custom variables Matomo 5 would drop them.
      maxCustomVariables: 0,
    }),
  ],
  metricReaders: [],
  logRecordProcessors: [],
});
sdk.start();

// When the server is closed, nothing keeps the process but what is still to be sent.
process.once('beforeExit', () => sdk.shutdown());

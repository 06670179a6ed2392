const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { NodeSDK } = require('@opentelemetry/sdk-node');
const { MatomoSpanProcessor } = require('opentelemetry-matomo');

const sdk = new NodeSDK({
  instrumentations: [new HttpInstrumentation()],
  spanProcessors: [
    new MatomoSpanProcessor({
      dimensions: {
        // Attributes that every request has.
        2: 'http.response.status_code',
        3: 'http.request.method',
        // A value computed from the request.
        4: ({ route = 'no route' }) => route,
        // An attribute that app.js sets.
        5: 'shop.plan',
      },
      // Matomo 5 drops custom variables unless it has the plugin for them.
      maxCustomVariables: 0,
    }),
  ],
  metricReaders: [],
  logRecordProcessors: [],
});
sdk.start();

// When the server is closed and nothing else is left to do, send the pending hits.
process.once('beforeExit', () => sdk.shutdown());

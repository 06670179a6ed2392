const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { NodeSDK } = require('@opentelemetry/sdk-node');
const { MatomoSpanProcessor } = require('opentelemetry-matomo');

const sdk = new NodeSDK({
  instrumentations: [new HttpInstrumentation()],
  spanProcessors: [
    new MatomoSpanProcessor({
      privacy: 'strict',
      // Templates keep words, so the names of patients are replaced too.
      redactPathPatterns: [/(?<=^\/patients\/)[^/]+/i],
      // Only visits of patients who have agreed.
      consent: 'cookie:consent=yes',
    }),
  ],
  metricReaders: [],
  logRecordProcessors: [],
});
sdk.start();

// When the server is closed and nothing else is left to do, send the pending hits.
process.once('beforeExit', () => sdk.shutdown());

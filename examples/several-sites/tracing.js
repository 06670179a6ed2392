const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { NodeSDK } = require('@opentelemetry/sdk-node');
const { MatomoSpanProcessor } = require('opentelemetry-matomo');

/** IDs of sites in Matomo, by the host that the client requested. */
const SITES = new Map([
  ['shop.example', 1],
  ['blog.example', 2],
]);

const sdk = new NodeSDK({
  instrumentations: [new HttpInstrumentation()],
  spanProcessors: [
    // If it returns undefined, the request is not tracked.
    new MatomoSpanProcessor({ siteId: ({ host }) => SITES.get(host) }),
  ],
  metricReaders: [],
  logRecordProcessors: [],
});
sdk.start();

// When the server is closed and nothing else is left to do, send the pending hits.
process.once('beforeExit', () => sdk.shutdown());

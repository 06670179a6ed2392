const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { NodeSDK } = require('@opentelemetry/sdk-node');
const { MatomoSpanProcessor } = require('opentelemetry-matomo');

/** Sites in Matomo by the host that the client asked for. */
const SITES = new Map([
  ['shop.example', 1],
  ['blog.example', 2],
]);

const sdk = new NodeSDK({
  instrumentations: [new HttpInstrumentation()],
  spanProcessors: [
    // Where it gives undefined, the request is not tracked.
    new MatomoSpanProcessor({ siteId: ({ host }) => SITES.get(host) }),
  ],
  metricReaders: [],
  logRecordProcessors: [],
});
sdk.start();

// When the server is closed, nothing keeps the process but what is still to be sent.
process.once('beforeExit', () => sdk.shutdown());

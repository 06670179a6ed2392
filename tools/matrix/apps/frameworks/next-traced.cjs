// Traced by the spans that Next.js makes by itself, and nothing else.
const { NodeSDK } = require('@opentelemetry/sdk-node');

const sdk = new NodeSDK();
sdk.start();
const { startNext } = require('./next-app.cjs');

void startNext(() => sdk.shutdown());

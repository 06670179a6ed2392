// A preload that traces requests as the file in OTEL_CONFIG_FILE says.
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { startNodeSDK } = require('@opentelemetry/sdk-node');

startNodeSDK({ instrumentations: [new HttpInstrumentation()] });
require('node:http');

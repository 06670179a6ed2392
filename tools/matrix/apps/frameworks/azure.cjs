// Knows only Azure Monitor, which sets the application's tracing up and deletes the global object of the API before.
const { createRequire } = require('node:module');
const { useAzureMonitor } = require('@azure/monitor-opentelemetry');

// It would ask 169.254.169.254 which virtual machine this is; the matrix keeps to loopback.
const requireOfAzure = createRequire(require.resolve('@azure/monitor-opentelemetry'));
const { azureVmDetector } = requireOfAzure('@opentelemetry/resource-detector-azure');
azureVmDetector.detect = () => ({ attributes: {} });

const connectionString =
  'InstrumentationKey=00000000-0000-0000-0000-000000000000;IngestionEndpoint=http://127.0.0.1:9/';
useAzureMonitor({
  azureMonitorExporterOptions: { connectionString, disableOfflineStorage: true },
  enableLiveMetrics: false,
});

const { createExpressServer } = require('../express-app.cjs');
const { serve } = require('../serve.cjs');

serve(createExpressServer());

// A preload that traces requests to servers, as an application may do that knows nothing of this package. Nothing is exported.
require('./set-up-tracing.cjs').setUpTracing();
// Also for ES modules, which share what is patched now.
require('node:http');
require('node:https');

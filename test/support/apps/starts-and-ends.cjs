// Starts tracking in its own code, and ends as `ends.cjs` does.
require('opentelemetry-matomo').start();
require('./ends.cjs');

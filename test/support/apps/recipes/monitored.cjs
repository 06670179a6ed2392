const { start } = require('opentelemetry-matomo');

start({ ignore: (request) => request.header('x-monitoring') !== undefined });

require('../plain-http.cjs');

// Tracks itself in code.
const { createServer } = require('node:http');
const { start } = require('opentelemetry-matomo');

start();
require('./listen.cjs')(createServer((_request, response) => response.end('ok')));

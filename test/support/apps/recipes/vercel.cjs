const { waitUntil } = require('@vercel/functions');
const { start } = require('opentelemetry-matomo');

const matomo = start({ exportTimeoutMillis: 2000 });

module.exports = function handler(_request, response) {
  response.end('Hello');
  waitUntil(matomo.forceFlush()); // with the hit of this request
};

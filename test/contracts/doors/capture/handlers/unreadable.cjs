const { AsyncResource } = require('node:async_hooks');
const { trackEvent } = require('opentelemetry-matomo');

/** What an application may replace. */
function breakHeaders({ request }) {
  Object.defineProperty(request, 'headers', {
    get() {
      throw new Error('no headers any more');
    },
  });
}

let bound;
let waiting;

module.exports = {
  'breaks its headers, and binds an event'(exchange) {
    bound = AsyncResource.bind(() => trackEvent('Test', 'late'));
    exchange.begin(200, { 'content-type': 'text/html' }).end('ok');
    breakHeaders(exchange);
  },
  'calls what was bound'(exchange) {
    bound();
    exchange.begin(200, { 'content-type': 'text/html' }).end('ok');
  },
  'tracks an event, breaks its headers, and waits'(exchange) {
    trackEvent('Test', 'before');
    breakHeaders(exchange);
    waiting = exchange.take();
  },
  'answers what cannot be read'() {
    waiting.begin(200, { 'content-type': 'text/html' }).end('ok');
  },
  'empties its request'(exchange) {
    exchange.begin(200, { 'content-type': 'text/html' }).end('ok');
    for (const name of ['url', 'method', 'rawHeaders'])
      Object.defineProperty(exchange.request, name, { value: undefined });
  },
};

const { setImmediate: turn, setTimeout: delay } = require('node:timers/promises');
const {
  annotate,
  forRequest,
  ignore,
  measure,
  trackEvent,
  trackGoal,
  trackHit,
  trackOrder,
} = require('opentelemetry-matomo');

const event = (action, more) => trackEvent('Test', action, more);

/** A connection with callbacks, as pools and `redis` 3 keep it: they run in the async context of whoever opened it. */
const callbacks = [];
let isOpen = false;
function query(callback) {
  callbacks.push(callback);
  if (isOpen) return;
  isOpen = true;
  setInterval(() => {
    for (const each of callbacks.splice(0)) each();
  }, 2);
}
function trackEnds(exchange) {
  exchange.onRequestClose(() => event('request closed'));
  exchange.onClose(() => event('response closed'));
  exchange.onBody(() => undefined);
}

module.exports = {
  annotates() {
    annotate({ action_name: 'Checkout', dimension5: 'pro' });
  },
  async 'annotates twice, later'() {
    await turn();
    annotate({ dimension5: 'first', dimension6: 'first' });
    await delay(1);
    annotate({ dimension5: 'later' });
  },
  'annotates before'() {
    annotate({ dimension5: 'middleware', dimension6: 'middleware' });
  },
  'annotates over it'() {
    annotate({ dimension5: 'handler' });
  },
  'annotates in finish'(exchange) {
    exchange.onFinish(() => annotate({ dimension5: 'finish' }));
  },
  'annotates what the client left'(exchange) {
    exchange.onClose(() => annotate({ dimension5: 'left' }));
    exchange.begin(200, { 'content-type': 'text/html' }).write('half');
  },
  'annotates much too late'(exchange) {
    exchange.longAfter(() => annotate({ dimension5: 'too late' }));
  },
  'ignores much too late'(exchange) {
    exchange.longAfter(ignore);
  },
  ignores() {
    ignore();
  },
  'ignores, with an event'() {
    event('before');
    ignore();
    event('after');
  },
  'tracks an event'() {
    trackEvent('Cart', 'open', { name: 'name', value: 3 });
  },
  'tracks two events'() {
    event('first');
    event('second');
  },
  'tracks an event in close': (exchange) => exchange.onClose(() => event('close')),
  async 'tracks its ends'(exchange) {
    trackEnds(exchange);
    await delay(2);
  },
  /** The client leaves. */
  'tracks what a stream leaves'(exchange) {
    trackEnds(exchange);
    exchange.begin(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
  },
  'tracks an event after the response'(exchange) {
    exchange.onFinish(() => setTimeout(() => event('after the response'), 50));
  },
  'tracks an event long after the response'(exchange) {
    exchange.longAfter(() => event('long after'));
  },
  'tracks a goal, an order and a search'() {
    trackGoal(7, { revenue: 5 });
    trackOrder({ id: 'A-1', revenue: 12, items: [{ sku: 'X', price: 12, quantity: 1 }] });
    trackHit({ search: 'shoes', search_cat: 'shop', search_count: 3 });
  },
  'tracks, with what was annotated'() {
    annotate({ uid: 'grace', dimension5: 'annotated' });
    event('annotated');
  },
  async measures() {
    await measure('pf_dm1', () => delay(20));
    const rejects = () => delay(20).then(() => Promise.reject(new Error('no')));
    await measure('pf_dm2', rejects).catch(() => undefined);
  },
  async 'for the request'({ handle }) {
    const functions = forRequest(handle);
    functions.annotate({ dimension5: 'for the request' });
    functions.trackEvent('Test', 'for the request');
    functions.trackGoal(3);
    await functions.measure('pf_dm2', () => delay(20));
  },
  async 'asks a pool that an instrumentation binds'({ url }) {
    const { context, trace } = require('@opentelemetry/api');
    await new Promise((resolve) => {
      const callback = () => {
        trace.getTracer('app').startActiveSpan('answer', (span) => {
          annotate({ dimension5: url.split('?')[1] });
          span.end();
        });
        trackEvent('Bound', url.split('?')[1]);
        resolve();
      };
      query(context.bind(context.active(), callback));
    });
  },
  'reads the body': (exchange) =>
    new Promise((resolve) =>
      exchange.onBody((body) => {
        annotate({ dimension5: `${body.length} of ${body[0]}` });
        event('body');
        resolve();
      }),
    ),
  /** As a middleware that hides who asks. */
  'deletes headers'({ request }) {
    for (const name of ['dnt', 'sec-gpc', 'x-api-key', 'x-forwarded-for', 'user-agent']) {
      delete request.headers[name];
    }
  },
  'adds consent'({ request }) {
    request.headers['x-consent'] = 'yes';
  },
  'skips the route': () => 'route',
  /** As `express.json()`. */
  'parses the body': (exchange) =>
    new Promise((resolve) =>
      exchange.onBody((body) => {
        exchange.request.body = JSON.parse(body);
        resolve();
      }),
    ),
};

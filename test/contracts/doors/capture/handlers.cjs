// What handlers do, by name. They return what the framework is to send, or send it themselves.
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

const statuses = Object.fromEntries(
  [201, 204, 301, 302, 304, 400, 401, 403, 404, 405, 409, 422, 429, 451, 500, 503].map((status) => [
    `status ${status}`,
    () => ({
      status,
      body: status === 204 || status === 304 ? undefined : 'ok',
      headers: status < 304 && status > 300 ? { location: '/elsewhere' } : {},
    }),
  ]),
);

module.exports = {
  ...statuses,
  ok: () => undefined,
  annotates() {
    annotate({ action_name: 'Checkout', dimension5: 'pro' });
  },
  async 'annotates later'() {
    await turn();
    annotate({ dimension5: 'first', dimension6: 'first' });
    await delay(1);
    annotate({ dimension5: 'later' });
  },
  ignores() {
    ignore();
  },
  'tracks an event'() {
    trackEvent('Cart', 'open', { name: 'name', value: 3 });
  },
  async measures() {
    await measure('pf_dm1', () => delay(20));
  },
  throws() {
    throw new TypeError('no such luck');
  },
  async rejects() {
    await turn();
    throw new RangeError('no such luck');
  },
  'never answers': (exchange) => void exchange.take(),
  'writes half': (exchange) =>
    void exchange.begin(200, { 'content-type': 'text/html' }).write('half'),
  'destroys at once': (exchange) => exchange.destroy(),
  'destroys in the middle'(exchange) {
    exchange.begin().write('half');
    setImmediate(() => exchange.destroy());
  },
};

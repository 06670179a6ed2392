const { setImmediate: turn, setTimeout: delay } = require('node:timers/promises');
const { Readable } = require('node:stream');

const STATUSES = [204, 304, 404, 500, 503];
const statuses = Object.fromEntries(
  STATUSES.map((status) => [
    `status ${status}`,
    () => ({
      status,
      body: status === 204 || status === 304 ? undefined : 'ok',
    }),
  ]),
);

/** Sends headers and a part of a body. */
const half =
  (type, status = 200, part = 'half') =>
  (exchange) =>
    void exchange.begin(status, { 'content-type': type }).write(part);

/** Responses of one type, complete. */
const typed =
  (type, body = 'ok') =>
  () => ({ headers: { 'content-type': type }, body });

module.exports = {
  ...statuses,
  ok: () => undefined,
  json: typed('application/json', '{}'),
  xml: typed('text/xml', '<a/>'),
  pdf: typed('application/pdf'),
  'a stream of the framework': () => ({ body: Readable.from(['a', 'b', 'c']) }),
  async 'writes three times'(exchange) {
    exchange.begin(202, { 'content-type': 'text/plain' });
    for (const part of 'abc') {
      exchange.write(part);
      await turn();
    }
    exchange.end('d');
  },
  async throws() {
    throw new TypeError('no such luck');
  },
  async rejects() {
    await delay(1);
    throw new RangeError('no such luck');
  },
  'fails with its own status'() {
    throw Object.assign(new Error('short and stout'), {
      status: 418,
      statusCode: 418,
      expose: true,
    });
  },
  'never answers': (exchange) => void exchange.take(),
  'writes half': half('text/html'),
  'writes half a failure': half('text/html', 503),
  'writes events': half('text/event-stream', 200, 'data: 1\n\n'),
  'writes video': half('video/mp4'),
  'writes video of a known size'(exchange) {
    exchange.begin(200, { 'content-type': 'video/mp4', 'content-length': '100' }).write('half');
  },
  'writes events, then ends'(exchange) {
    exchange.begin(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
    setImmediate(() => exchange.end());
  },
  'destroys at once': (exchange) => exchange.destroy(),
  'destroys in the middle'(exchange) {
    exchange.begin().write('half');
    setImmediate(() => exchange.destroy());
  },
  'destroys a failure in the middle'(exchange) {
    exchange.begin(502).write('half');
    setImmediate(() => exchange.destroy());
  },
  'destroys events'(exchange) {
    exchange.begin(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
    setImmediate(() => exchange.destroy());
  },
  'destroys later'(exchange) {
    exchange.take();
    setTimeout(() => exchange.destroy(), 5);
  },
  'ends the socket'(exchange) {
    exchange.begin(200, { 'content-type': 'text/html' }).write('half');
    setImmediate(() => exchange.response.socket.end());
  },
};

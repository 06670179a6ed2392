const { Readable } = require('node:stream');

const STATUSES = [204, 404, 500];
const statuses = Object.fromEntries(
  STATUSES.map((status) => [
    `status ${status}`,
    () => ({ status, body: status === 204 ? undefined : 'ok' }),
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
  'a stream of the framework': () => ({ body: Readable.from(['a', 'b', 'c']) }),
  async throws() {
    throw new TypeError('no such luck');
  },
  'never answers': (exchange) => void exchange.take(),
  'writes half': half('text/html'),
  'writes events': half('text/event-stream', 200, 'data: 1\n\n'),
  'writes events, then ends'(exchange) {
    exchange.begin(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
    setImmediate(() => exchange.end());
  },
  'destroys at once': (exchange) => exchange.destroy(),
  'destroys in the middle'(exchange) {
    exchange.begin().write('half');
    setImmediate(() => exchange.destroy());
  },
  'ends the socket'(exchange) {
    exchange.begin(200, { 'content-type': 'text/html' }).write('half');
    setImmediate(() => exchange.response.socket.end());
  },
};

const { setImmediate: turn, setTimeout: delay } = require('node:timers/promises');
const { Readable } = require('node:stream');

const STATUSES = [
  201, 204, 206, 301, 302, 304, 400, 401, 403, 404, 405, 409, 410, 422, 429, 500, 503,
];
const statuses = Object.fromEntries(
  STATUSES.map((status) => [
    `status ${status}`,
    () => ({
      status,
      body: status === 204 || status === 304 ? undefined : 'ok',
      headers: status < 304 && status > 300 ? { location: '/elsewhere' } : {},
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
  'part of a document': () => ({ status: 206, headers: { 'content-type': 'application/pdf' } }),
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
  'writes half JSON': half('application/json', 200, '[{"id":1},'),
  'writes events': half('text/event-stream', 200, 'data: 1\n\n'),
  'writes events with a charset': half('text/event-stream; charset=utf-8', 200, 'data: 1\n\n'),
  'writes lines of JSON': half('application/x-ndjson', 200, '{}\n'),
  'writes jsonl': half('application/jsonl', 200, '{}\n'),
  'writes a JSON stream': half('application/stream+json', 200, '{}\n'),
  'writes pictures': half('multipart/x-mixed-replace; boundary=a', 200, '--a\r\n\r\n'),
  'writes watched JSON': half('application/json;stream=watch', 200, '{}\n'),
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

// Publishes messages of other shapes on every diagnostics channel that `register` or what it loads subscribes to. Answers with their names.
const { Channel, channel } = require('node:diagnostics_channel');

const names = new Set();
const { subscribe } = Channel.prototype;
Channel.prototype.subscribe = function recordName(listener) {
  names.add(this.name);
  return subscribe.call(this, listener);
};

const bare = Object.create(null);
const unreadable = new Proxy(
  {},
  {
    get() {
      throw new Error('unreadable');
    },
  },
);
const MESSAGES = [
  ...[undefined, null, 1, 'text', {}, [], bare, () => undefined],
  ...[undefined, null, 1, 'text', {}, bare].flatMap((part) => [
    { request: part, response: part, server: part, socket: part },
    { request: { headers: part, socket: part }, response: { once: part }, server: part },
    { socket: { server: part } },
    { stream: part, headers: part },
    { stream: { once: part, session: part }, headers: {} },
    { stream: { id: 1, once() {}, session: { once() {}, socket: part } }, headers: {} },
    { ctx: part, event: part, route: part },
    { ctx: { request: part, route: part }, event: { context: part, runtime: part } },
  ]),
  ...(process.env.UNREADABLE ? [unreadable] : []),
];

function publishAll() {
  for (const name of names) for (const message of MESSAGES) channel(name).publish(message);
}

require('opentelemetry-matomo/register');

publishAll();
const { createServer } = require('node:http');
const { annotate } = require('opentelemetry-matomo');
const server = createServer((_request, response) => {
  publishAll();
  annotate({ dimension1: 'of this request' });
  response.end([...names].join(' '));
});
server.listen(process.env.PORT, '127.0.0.1', () => {
  publishAll();
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});

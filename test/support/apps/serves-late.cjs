// Finds out where Matomo is in its code, as with dotenv, and then serves as HOW says. `/loaded` tells what of this package is loaded.
const { createServer } = require('node:http');
const net = require('node:net');

const loaded = () => Object.keys(require.cache).filter((file) => /dist.cjs/.test(file)).length;
const beforeServing = loaded();

const server = createServer((request, response) =>
  response.end(request.url === '/loaded' ? String(beforeServing) : 'ok'),
);
const print = (port) => process.stdout.write(`http://127.0.0.1:${port}\n`);
const listen = (listener) =>
  listener.listen(process.env.PORT, '127.0.0.1', () => print(listener.address().port));

const WAYS = {
  server: () => listen(server),
  // As a server that speaks several protocols on one port.
  connections: () => listen(net.createServer((socket) => server.emit('connection', socket))),
  // Between processes, or for a debugger.
  net: () => listen(net.createServer((socket) => socket.end('no HTTP'))),
  span: () => {
    const { trace } = require('@opentelemetry/api');
    const { BasicTracerProvider } = require('@opentelemetry/sdk-trace-base');
    const provider = new BasicTracerProvider();
    trace.setGlobalTracerProvider(provider);
    const attributes = { 'http.request.method': 'GET', 'url.path': '/span', 'url.scheme': 'http' };
    provider.getTracer('app').startSpan('GET', { kind: 1, attributes }).end();
  },
};

setImmediate(() => {
  const { FROM_FILE = '{}' } = process.env;
  Object.assign(process.env, JSON.parse(FROM_FILE));
  WAYS[process.env.HOW]();
});

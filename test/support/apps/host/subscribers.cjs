// A preload that subscribes to all that Node.js publishes of requests which the process sends, as tracing does, and changes each of them. At
// /calls, it sends requests to TARGET; /published names what was published of requests that came.
const { subscribe } = require('node:diagnostics_channel');
const http = require('node:http');

subscribe('http.client.request.created', ({ request }) => {
  request.setHeader('x-subscriber', 'created');
  request.on('response', () => undefined);
  request.once('error', () => undefined);
});
for (const name of [
  'http.client.request.start',
  'http.client.request.error',
  'http.client.response.finish',
]) {
  subscribe(name, ({ request }) => {
    if (!request.headersSent) request.setHeader('x-subscriber', name);
  });
}
subscribe('net.client.socket', ({ socket }) => socket.on('data', () => undefined));
subscribe('undici:request:create', ({ request }) => request.addHeader('x-subscriber', 'undici'));

const published = [];
for (const name of ['http.server.request.start', 'http.server.response.created'])
  subscribe(name, ({ request }) => void published.push(`${name} ${request.url}`));

const get = (url) =>
  new Promise((resolve, reject) => {
    http.get(url, (response) => response.resume().on('end', resolve)).on('error', reject);
  });

globalThis.hostAnswers = {
  ...globalThis.hostAnswers,
  async '/calls'() {
    await get(`${process.env.TARGET}/http`);
    await (await fetch(`${process.env.TARGET}/fetch`)).text();
    return 'called';
  },
  '/published': async () => JSON.stringify(published),
};

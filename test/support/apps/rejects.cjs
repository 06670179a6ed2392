// Measures a promise that rejects, which nothing handles: in a request to the path that is given, else outside of a request.
const { createServer, get } = require('node:http');
const { measure } = require('opentelemetry-matomo');

const [, , path] = process.argv;
const reject = (where) => {
  measure('pf_srv', async () => {
    throw new Error(`rejected ${where}`);
  });
};

if (path === undefined) reject('outside');
const server = createServer(({ url }) => reject(`in ${url}`)).listen(0, '127.0.0.1', () => {
  get({ port: server.address().port, path: path ?? '/' }).on('error', () => undefined);
});

const { start } = require('opentelemetry-matomo');

/** IDs of sites in Matomo, by the host that the client requested, with its port. */
const SITES = new Map([
  ['shop.example', 1],
  ['blog.example', 2],
]);

// If siteId returns undefined, the request is not tracked. Other options are read from the environment.
start({ siteId: ({ host }) => SITES.get(host) });

const express = require('express');

const app = express();

app.get('/', (request, response) => {
  response.send(`Welcome to ${request.hostname}\n`);
});

const server = app.listen(process.env.PORT ?? 3000, (error) => {
  if (error) throw error;
  console.log(`Listening on http://localhost:${server.address().port}/`);
});

process.once('SIGTERM', () => server.close());

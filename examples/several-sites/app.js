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

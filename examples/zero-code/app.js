const express = require('express');

const app = express();

app.get('/users/:id', (request, response) => {
  response.json({ id: request.params.id });
});

const server = app.listen(process.env.PORT ?? 3000, (error) => {
  if (error) throw error;
  console.log(`Listening on http://localhost:${server.address().port}/users/1`);
});

process.once('SIGTERM', () => server.close());

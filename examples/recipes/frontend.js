const express = require('express');

const { BACKEND_URL } = process.env;

const app = express();

app.get('/profiles/:id', async (request, response) => {
  const headers = {
    'User-Agent': request.get('User-Agent') ?? '',
    'X-Forwarded-For': request.ip,
  };
  const answer = await fetch(`${BACKEND_URL}/users/${request.params.id}`, { headers });
  response.json(await answer.json());
});

const server = app.listen(process.env.PORT ?? 3001, (error) => {
  if (error) throw error;
  console.log(`Listening on http://localhost:${server.address().port}/profiles/1`);
});

process.once('SIGTERM', () => server.close());

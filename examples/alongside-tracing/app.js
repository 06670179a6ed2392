const { setTimeout: delay } = require('node:timers/promises');
const { trace } = require('@opentelemetry/api');
const express = require('express');

const app = express();
const tracer = trace.getTracer('users');

app.get('/users/:id', async (request, response) => {
  response.json(await loadUser(request.params.id));
});

// The attribute makes the duration of this span a timing of the page view in Matomo.
function loadUser(id) {
  const attributes = { 'matomo.perf_key': 'pf_dm1' };
  return tracer.startActiveSpan('load user', { attributes }, async (span) => {
    await delay(20);
    span.end();
    return { id };
  });
}

const server = app.listen(process.env.PORT ?? 3000, (error) => {
  if (error) throw error;
  console.log(`Listening on http://localhost:${server.address().port}/users/1`);
});

process.once('SIGTERM', () => server.close());

const express = require('express');
const { trackEvent } = require('opentelemetry-matomo');

const app = express();

app.get('/patients/:name/letters/:id', (request, response) => {
  trackEvent('letter', 'read');
  response.json({ patient: request.params.name, letter: request.params.id });
});

const server = app.listen(process.env.PORT ?? 3000, (error) => {
  if (error) throw error;
  console.log(
    `Listening on http://localhost:${server.address().port}/patients/max-mustermann/letters/4711`,
  );
});

process.once('SIGTERM', () => server.close());

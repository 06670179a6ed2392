const express = require('express');

const app = express();

app.get('/', (_request, response) => {
  response.send('<h1>Lamps</h1><p>All about <a href="/guide.pdf">our lamps</a>.</p>\n');
});

app.get('/guide.pdf', (_request, response) => {
  response.type('pdf').send('%PDF-1.4\n%%EOF\n');
});

app.get('/catalog', (_request, response) => {
  response.redirect(301, '/');
});

const server = app.listen(process.env.PORT ?? 3000, (error) => {
  if (error) throw error;
  console.log(`Listening on http://localhost:${server.address().port}/`);
});

process.once('SIGTERM', () => server.close());

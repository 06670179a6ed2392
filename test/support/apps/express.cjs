// Knows nothing of OpenTelemetry or Matomo.
const express = require('express');

const app = express();
app.set('env', 'test');
app.get('/users/:id', (_request, response) => response.send('ok'));
app.get('/fails', () => {
  throw new TypeError('no such luck');
});
const server = app.listen(process.env.PORT, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});

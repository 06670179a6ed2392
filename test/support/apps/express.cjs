// Knows nothing of OpenTelemetry or Matomo.
const express = require('express');

const app = express();
app.set('env', 'test');
app.get('/users/:id', (_request, response) => response.send('ok'));
app.get('/fails', () => {
  throw new TypeError('no such luck');
});
require('./listen.cjs')(app);

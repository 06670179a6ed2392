const polka = require('polka');
const { serve } = require('../serve.cjs');

const app = polka({
  onError(_error, _request, response) {
    response.statusCode = 500;
    response.end('no');
  },
});
app.get('/users/:id', (_request, response) => response.end('ok'));
app.post('/orders', (_request, response) => {
  response.statusCode = 201;
  response.end('ok');
});
app.get('/fails', () => {
  throw new TypeError('no such luck');
});
app.listen(0, '127.0.0.1', () => serve(app.server));

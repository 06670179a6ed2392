const polka = require('polka');
const { serve } = require('../serve.cjs');

const answer = (status) => (_request, response) => {
  response.statusCode = status;
  response.end('ok');
};
const app = polka();
app.get('/users/:id', answer(200));
app.post('/orders', answer(201));
app.get('/fails', answer(500));
app.listen(0, '127.0.0.1', () => serve(app.server));
